package io.quorate.tools.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.node.ConfigFile;
import io.quorate.node.NodeConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** If this breaks, a cluster that `up` starts has the wrong members, voters or ports. */
class ClusterLayoutTest {
  private static ClusterLayout layout(List<Integer> datacenters, Map<String, String> overrides) {
    return new ClusterLayout(datacenters, "127.0.0.1", 9042, 7080, 7000, overrides);
  }

  private static NodeConfig config(ClusterLayout layout, int node) {
    return ConfigFile.parse("test", layout.yaml(node), Path.of("/x"), 1 << 29, 2);
  }

  @Test
  void aServerTakesWhatIsWritten() {
    NodeConfig third = config(layout(List.of(3), Map.of()), 3);
    assertThat(third.listenAddress()).isEqualTo("127.0.0.3");
    assertThat(third.nativeTransportPort()).isEqualTo(9042);
    assertThat(third.datacenter()).isEqualTo("datacenter1");
    assertThat(third.seeds()).hasSize(3);
    assertThat(third.metadataVoters()).isEqualTo(third.seeds());
    assertThat(third.dataDirectory()).isEqualTo(Path.of("/x/data"));
  }

  @Test
  void votersAreAnOddNumberAndAtMostFive() {
    assertThat(List.of(1, 2, 3, 4, 5, 6, 9).stream().map(ClusterLayout::voterCount))
        .containsExactly(1, 1, 3, 3, 5, 5, 5);
  }

  @Test
  void nodesAreDealtToDatacentersInOrder() {
    ClusterLayout layout = layout(List.of(2, 3), Map.of());
    assertThat(layout.nodeCount()).isEqualTo(5);
    assertThat(layout.datacenter(2)).isEqualTo("datacenter1");
    assertThat(layout.datacenter(3)).isEqualTo("datacenter2");
    assertThat(layout.address(5)).isEqualTo("127.0.0.5");
  }

  @Test
  void anOverrideReplacesAKeyOrAddsOne() {
    NodeConfig config =
        config(layout(List.of(1), Map.of("rack", "r9", "max_hint_window_ms", "0")), 1);
    assertThat(config.rack()).isEqualTo("r9");
    assertThat(config.hintWindowMillis()).isZero();
    assertThat(ClusterLayout.withOverrides("# note: x\nrack: a\n", Map.of("rack", "b")))
        .isEqualTo("# note: x\nrack: b\n");
  }

  @Test
  void addressesMustExist() {
    assertThatThrownBy(() -> new ClusterLayout(List.of(9), "127.0.0.250", 1, 2, 3, Map.of()))
        .hasMessageContaining("not enough addresses");
    assertThatThrownBy(() -> new ClusterLayout(List.of(1), "localhost", 1, 2, 3, Map.of()))
        .hasMessageContaining("not an IPv4 address");
  }

  @Test
  void theReasonOfANodeIsItsLastLineThatIsNoLogRecord() {
    assertThat(
            NodeDirectory.lastWords(
                """
                2026-11-20 18:50:02.478 INFO  [main] Node: starting
                cannot listen on 127.0.0.1:9042: Address already in use
                2026-11-20 18:50:02.480 ERROR [main] Node: a task failed
                java.lang.IllegalStateException: x
                \tat io.quorate.Node.start(Node.java:1)
                """
                    .replace("java.lang.IllegalStateException: x\n", "")))
        .isEqualTo("cannot listen on 127.0.0.1:9042: Address already in use");
    assertThat(NodeDirectory.lastWords("")).isEqualTo("it said nothing");
  }

  /**
   * A node that comes later must find the cluster that is there, and must not think that it votes.
   */
  @Test
  void aNodeThatComesLaterHasTheSeedsVotersAndPortsOfTheOthers() {
    NodeConfig first =
        config(new ClusterLayout(List.of(3), "127.0.9.1", 9142, 7180, 7100, Map.of()), 1);
    List<String> voters = first.metadataVoters().stream().map(Object::toString).toList();
    ClusterLayout more = layout(List.of(6), Map.of()).like(first);
    NodeConfig sixth =
        ConfigFile.parse("test", more.yaml(6, voters, voters), Path.of("/x"), 1 << 29, 2);
    assertThat(sixth.metadataVoters()).isEqualTo(first.metadataVoters());
    assertThat(sixth.seeds()).isEqualTo(first.seeds());
    assertThat(sixth.nativeTransport()).hasToString("127.0.9.6:9142");
  }
}
