package io.quorate.tools.nodetool;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.tools.Json;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** If this breaks, an administrator does not see what a node that comes or goes is waiting for. */
class OwnershipReportsTest {
  private static final String JOIN =
      """
      {"epoch": 9, "transitions": [{"number": 7, "kind": "JOIN", "step": "WRITE_BOTH",
       "node": {"host_id": "1f746063-7f5d-4a17-9255-ddb1e9ad7e9f", "address": "127.0.0.4:7000"},
       "awaited": [%s],
       "receivers": [{"address": "127.0.0.4:7000", "status": "UP", "fetching":
         {"done_pieces": 12, "pieces": 48, "bytes": 2097152, "trouble": null}}]}]}
      """;

  @Test
  void whoIsDownAndWaitedForIsNamed() throws IOException {
    String down = "{\"address\": \"127.0.0.2:7000\", \"status\": \"DOWN\"}";
    String text = OwnershipReports.status(Json.parse(JOIN.formatted(down)));
    assertThat(text)
        .contains("Change 7            JOIN of 127.0.0.4:7000\n")
        .contains("Awaited             127.0.0.2:7000 (DOWN)\n")
        .contains("nodetool cluster cancel 7'");
    assertThat(
            OwnershipReports.line(
                Json.parse(JOIN.formatted(down)).at("transitions").elements().getFirst()))
        .isEqualTo("JOIN of 127.0.0.4:7000, WRITE_BOTH: waiting for 127.0.0.2:7000 (DOWN)");
  }

  @Test
  void howMuchHasComeIsSaid() throws IOException {
    Json answer = Json.parse(JOIN.formatted(""));
    assertThat(OwnershipReports.status(answer)).contains("12  48  2.00 MiB").doesNotContain("DOWN");
    assertThat(OwnershipReports.line(answer.at("transitions").elements().getFirst()))
        .isEqualTo("JOIN of 127.0.0.4:7000, WRITE_BOTH: 127.0.0.4 12 of 48 pieces, 2.00 MiB");
    assertThat(OwnershipReports.status(Json.parse("{\"epoch\": 9, \"transitions\": []}")))
        .isEqualTo("no change of ownership is under way (metadata epoch 9)\n");
  }

  /** Else the line that tells how a decommission goes is as long as the cluster is large. */
  @Test
  void whatManyFetchIsAddedUp() throws IOException {
    String receiver =
        """
        {"address": "127.0.0.%d:7000", "status": "UP", "fetching":
         {"done_pieces": 12, "pieces": 48, "bytes": 2097152, "trouble": %s}}
        """;
    String idle = "{\"address\": \"127.0.0.4:7000\", \"status\": \"UP\", \"fetching\": null}";
    Json transition =
        Json.parse(
            """
            {"kind": "LEAVE", "step": "WRITE_BOTH", "awaited": [], "receivers": [%s, %s, %s],
             "node": {"address": "127.0.0.1:7000"}}
            """
                .formatted(
                    receiver.formatted(2, "null"),
                    receiver.formatted(3, "\"127.0.0.1 does not answer\""),
                    idle));
    assertThat(OwnershipReports.line(transition))
        .isEqualTo(
            "LEAVE of 127.0.0.1:7000, WRITE_BOTH: 2 of 3 nodes, 24 of 96 pieces, 4.00 MiB;"
                + " 127.0.0.3: 127.0.0.1 does not answer");
  }

  @Test
  void allThatGoOnAtOnceAreShown() throws IOException {
    String change =
        """
        {"number": %d, "kind": "LEAVE", "step": "%s", "awaited": [], "receivers": [],
         "node": {"host_id": "1f746063", "address": "127.0.0.%d:7000"}}
        """;
    Json both =
        Json.parse(
            "{\"epoch\": 9, \"transitions\": [%s, %s]}"
                .formatted(
                    change.formatted(7, "WRITE_BOTH", 1), change.formatted(8, "READ_NEW", 4)));
    assertThat(OwnershipReports.status(both))
        .contains("Change 7            LEAVE of 127.0.0.1:7000\n", "WRITE_BOTH: writes go")
        .contains("\nChange 8            LEAVE of 127.0.0.4:7000\n", "READ_NEW: reads ask");
    assertThat(TransitionWatch.of(both, 9)).isNull();
  }

  /** If this breaks, a move that is over is said to have been cancelled. */
  @Test
  void aNodeHasMovedWhenItIsWhereItWasToGo() throws IOException {
    String status =
        """
        {"nodes": [{"host_id": "a", "rack": "r1", "tokens": 16},
                   {"host_id": "b", "rack": "%s", "tokens": %d}]}
        """;
    Json moved = Json.parse("{\"host_id\": \"b\", \"rack\": \"r2\", \"tokens\": 32}");
    assertThat(TransitionWatch.hasMoved(Json.parse(status.formatted("r2", 32)), moved)).isTrue();
    assertThat(TransitionWatch.hasMoved(Json.parse(status.formatted("r1", 32)), moved)).isFalse();
    assertThat(TransitionWatch.hasMoved(Json.parse(status.formatted("r2", 16)), moved)).isFalse();
  }

  @Test
  void aPlanSaysWhatMovesAndWhoOwnsHowMuchAfterwards() throws IOException {
    String plan =
        OwnershipReports.plan(
            Json.parse(
                """
                {"kind": "join", "waits_for": "change 7 (LEAVE of node a): they share 9.0 % …",
                 "moves": [{"keyspace": "shop", "from": "127.0.0.1:7000", "to": "new node",
                            "share": 0.125, "bytes": 1048576, "ranges": [["1", "2"], ["5", "6"]]}],
                 "nodes": [{"address": "127.0.0.1:7000", "owns": 1.0, "owns_after": 0.5}]}
                """));
    assertThat(plan)
        .isEqualTo(
            """
            it waits for change 7 (LEAVE of node a): they share 9.0 % …
            Keyspace  From       To        Ranges  Of the ring  Bytes
            shop      127.0.0.1  new node       2        12.5%  ~1.00 MiB

            Node         Owns  After
            127.0.0.1  100.0%  50.0%
            """);
  }
}
