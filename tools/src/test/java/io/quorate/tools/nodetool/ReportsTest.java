package io.quorate.tools.nodetool;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.tools.Json;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** If this breaks, administrators misread their cluster. */
class ReportsTest {
  @Test
  void statusShowsEachDataCentreAndWhoIsDown() throws IOException {
    String status =
        Reports.status(
            Json.parse(
                """
                {"epoch": 7, "metadata_leader": "127.0.0.1:7000", "nodes": [
                 {"host_id": "32228262-31ca-4840-bf94-3df533e965ef", "native_address": "127.0.0.10:9042",
                  "datacenter": "datacenter1", "rack": "rack1", "status": "DOWN", "state": "RUNNING",
                  "load_bytes": 1536, "owns": 0.333},
                 {"host_id": "1f746063-7f5d-4a17-9255-ddb1e9ad7e9f", "native_address": "127.0.0.2:9042",
                  "datacenter": "datacenter1", "rack": "rack1", "status": "UP", "state": "RUNNING",
                  "load_bytes": 123456789, "owns": 0.667}]}
                """));
    assertThat(status)
        .isEqualTo(
            """
            Datacenter: datacenter1
            =======================
            Status=Up/Down |/ State=Normal/Leaving
            --  Address         Load   Owns  Host ID                               Rack
            UN  127.0.0.2    118 MiB  66.7%  1f746063-7f5d-4a17-9255-ddb1e9ad7e9f  rack1
            DN  127.0.0.10  1.50 KiB  33.3%  32228262-31ca-4840-bf94-3df533e965ef  rack1

            1 of 2 nodes up · metadata epoch 7, leader 127.0.0.1:7000
            """);
    assertThat(status.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
  }

  @Test
  void raftWarnsOfAnEvenNumberOfVotersAndToldFailures() throws IOException {
    String raft =
        Reports.raft(
            Json.parse(
                """
                {"self": "a:1", "role": "FOLLOWER", "term": 3, "leader": null, "voters": ["a:1", "b:1"],
                 "peers": [{"peer": "b:1", "voter": true, "match_index": 4, "lag": 0, "active": false}],
                 "failure": "disk full"}
                """));
    assertThat(raft)
        .contains("even number")
        .contains("disk full")
        .contains("Leader              none");
  }
}
