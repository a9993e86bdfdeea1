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
            Status=Up/Down |/ State=Normal/Leaving/Joining
            --  Address         Load   Owns  Host ID                               Rack
            UN  127.0.0.2    118 MiB  66.7%  1f746063-7f5d-4a17-9255-ddb1e9ad7e9f  rack1
            DN  127.0.0.10  1.50 KiB  33.3%  32228262-31ca-4840-bf94-3df533e965ef  rack1

            1 of 2 nodes up · metadata epoch 7, leader 127.0.0.1:7000
            """);
    assertThat(status.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
  }

  @Test
  void aNodeThatIsNotWellSaysSo() throws IOException {
    Json sick =
        Json.parse(
            """
            {"epoch": 7, "nodes": [], "problems": ["writes are refused: the disk is full"],
             "disk_usable_bytes": 1024, "disk_total_bytes": 1048576}
            """);
    assertThat(Reports.info(sick))
        .contains("Data disk           1.00 KiB free of 1.00 MiB\n")
        .endsWith("Health              NOT WELL\n  writes are refused: the disk is full\n");
    assertThat(Reports.status(sick))
        .endsWith("the node that was asked is not well:\n  writes are refused: the disk is full\n");
    assertThat(Reports.info(Json.parse("{}"))).endsWith("no problems\n");
  }

  @Test
  void raftShowsWhoVotesWhoFollowsAndWhatIsWrong() throws IOException {
    String answer =
        """
        {"self": "a:1", "role": "FOLLOWER", "term": 3, "leader": %s, "voters": ["a:1", "b:1"],
         "outgoing_voters": ["c:1"], "warnings": ["an even number"], "failure": "disk full",
         "last_index": 9, "commit_index": 9, "applied_index": 9, "snapshot_index": 0,
         "leader_changes": 1, "members": [
          {"peer": "a:1", "kind": "voter", "witness": false, "datacenter": "dc1", "rack": "r1",
           "status": "UP", "match_index": 9, "lag": 0},
          {"peer": "b:1", "kind": "incoming voter", "witness": true, "datacenter": "dc1",
           "rack": "r2", "status": "DOWN", "match_index": null, "lag": null}]}
        """;
    assertThat(MetadataReports.raft(Json.parse(answer.formatted("null"))))
        .contains("Leader              none\n")
        .contains("Outgoing voters     c:1\n")
        .contains("Warning             an even number\n")
        .contains("disk full")
        .endsWith("b:1     incoming voter (witness)  dc1         r2    DOWN\n");
    assertThat(MetadataReports.raft(Json.parse(answer.formatted("\"a:1\""))))
        .contains("a:1     voter                     dc1         r1    UP      9      0\n")
        .endsWith("b:1     incoming voter (witness)  dc1         r2    DOWN    -      -\n");
  }

  @Test
  void whatIsLostWithTheMajorityIsSaidBeforeItIsGivenUp() throws IOException {
    String answer =
        """
        {"ring": "ring 0", "majority_lost": %s, "because": "a majority answers", "founder": "c:1",
         "certain_index": 40, "uncertain_entries": 2, "dropped_entries": {"d:1": 1},
         "lost_voters": ["a:1", "b:1"], "silent": ["a:1", "b:1"], "followers": ["d:1"],
         "members": [{"peer": "c:1", "ring": "ring 0", "term": 3, "leader": null,
           "leaderless_ms": 31000, "commit_index": 40, "last_index": 42, "failure": null}]}
        """;
    assertThat(MetadataReports.wouldRecover(Json.parse(answer.formatted("true"))))
        .contains("c:1        0     3  none           40    42  31 s\n")
        .contains("No answer from      a:1 b:1\n")
        .contains("- 2 changes behind that")
        .contains("- 1 that only d:1 has are lost")
        .endsWith("To do it: nodetool metadata recover --yes\n");
    assertThat(MetadataReports.status(Json.parse(answer.formatted("false"))))
        .contains("Majority            not lost: a majority answers\n");
    assertThat(MetadataReports.recovered(Json.parse(answer.formatted("true"))))
        .isEqualTo(
            """
            the next ring has begun at c:1, followed by d:1
            remove or replace the nodes that are lost: a:1 b:1
            """);
  }

  @Test
  void tasksFitATerminalAndSayWhatCameOfThem() throws IOException {
    String tasks =
        Reports.tasks(
            Json.parse(
                """
                [{"id": 7, "kind": "major_compaction", "what": "shop.orders", "state": "RUNNING",
                  "done_bytes": 512, "total_bytes": 2048, "outcome": null},
                 {"id": 8, "kind": "verify", "what": "shop.orders", "state": "FAILED",
                  "done_bytes": 0, "total_bytes": 0, "outcome": "block at 0 is wrong"}]
                """));
    assertThat(tasks)
        .isEqualTo(
            """
            ID  Kind              Table        State     Done      Size
             7  major_compaction  shop.orders  RUNNING  25.0%  2.00 KiB
             8  verify            shop.orders  FAILED               0 B
            8: block at 0 is wrong
            """);
    String streams =
        Reports.tasks(
            Json.parse(
                """
                [{"id": 1, "kind": "stream", "what": "rebuild from dc1", "state": "DONE",
                  "done_bytes": 88756, "total_bytes": 0, "outcome": null},
                 {"id": 2, "kind": "stream", "what": "rebuild from dc1", "state": "RUNNING",
                  "done_bytes": 1024, "total_bytes": 0, "outcome": null},
                 {"id": 3, "kind": "stream", "what": "rebuild from dc1", "state": "CANCELLED",
                  "done_bytes": 2048, "total_bytes": 0, "outcome": null}]
                """));
    assertThat(streams)
        .isEqualTo(
            """
            ID  Kind    Table             State          Done      Size
             1  stream  rebuild from dc1  DONE         100.0%  86.7 KiB
             2  stream  rebuild from dc1  RUNNING    1.00 KiB
             3  stream  rebuild from dc1  CANCELLED  2.00 KiB
            """);
    assertThat(Reports.tasks(Json.parse("[]"))).isEqualTo("there are no tasks\n");
  }

  @Test
  void whatHasEndedIsNotSaidToBeCancelled() throws IOException {
    assertThat(TaskCommands.cancelled(Json.parse("{\"id\": 1, \"state\": \"RUNNING\"}")))
        .isEqualTo("cancelling task 1\n");
    assertThat(TaskCommands.cancelled(Json.parse("{\"id\": 1, \"state\": \"DONE\"}")))
        .isEqualTo("task 1 is over: DONE\n");
  }

  @Test
  void compactionStatsNameTheLimit() throws IOException {
    String stats =
        Reports.compactionStats(
            Json.parse(
                """
                {"pending": 3, "running": 1, "completed": 1200, "failed": 0, "read_bytes": 1048576,
                 "written_bytes": 524288, "throughput_bytes_per_second": 0, "tasks": []}
                """));
    assertThat(stats)
        .contains("Pending             3\n")
        .contains("Completed           1,200\n")
        .contains("Throughput          no limit\n");
  }
}
