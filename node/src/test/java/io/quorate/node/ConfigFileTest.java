package io.quorate.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.Endpoint;
import io.quorate.node.ConfigFile.ConfigException;
import io.quorate.node.NodeConfig.CommitLogSync;
import io.quorate.sstable.CompactionOptions;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A setting that is mistyped must be told to the operator, and never silently be the default. */
class ConfigFileTest {
  private static final String EVERY_KEY =
      """
      cluster_name: orders
      data_directory: store
      listen_address: 0.0.0.0
      broadcast_address: 10.0.0.7
      internode_port: 7001
      native_transport_port: 9043
      admin_port: 7081
      datacenter: vienna
      rack: r2
      seeds: [10.0.0.7, 10.0.0.8:7005]
      metadata_voters: 10.0.0.8:7005, 10.0.0.9
      metadata_voter_count: 5
      metadata_voter_patience_ms: 1500
      metadata_snapshot_entries: 77
      role: data
      num_tokens: 8
      shards: 3
      commitlog_sync: batch
      commitlog_sync_period_ms: 50
      commitlog_segment_bytes: 8388608
      commitlog_archive_directory: kept
      memtable_bytes: 2097152
      memtable_max_age_ms: 60000
      block_cache_bytes: 4194304
      read_request_timeout_ms: 11
      range_request_timeout_ms: 12
      write_request_timeout_ms: 13
      metadata_request_timeout_ms: 14
      max_hint_window_ms: 0
      concurrent_compactors: 3
      compaction_throughput: 7
      compaction_max_space_share: 0.25
      stream_throughput: 9
      replace_node: 10.0.0.5
      """;

  private static NodeConfig parse(String yaml) {
    return ConfigFile.parse("q.yaml", yaml, Path.of("/etc/quorate"), 512L << 20, 2);
  }

  @Test
  void anEmptyFileIsOneNodeOfItsOwn() {
    Endpoint self = new Endpoint("127.0.0.1", 7000);
    NodeConfig expected =
        new NodeConfig(
            "quorate",
            Path.of("/etc/quorate/data"),
            "127.0.0.1",
            "127.0.0.1",
            7000,
            9042,
            7080,
            "datacenter1",
            "rack1",
            List.of(self),
            List.of(self),
            VoterPolicy.DEFAULT,
            10_000,
            false,
            16,
            2,
            CommitLogSync.GROUP,
            1_000,
            32 << 20,
            null,
            128L << 20,
            3_600_000,
            64L << 20,
            CompactionOptions.DEFAULT,
            5_000,
            10_000,
            2_000,
            10_000,
            10_800_000,
            64L << 20,
            null);
    assertThat(parse("")).isEqualTo(expected);
    assertThat(parse("# nothing but a comment\n")).isEqualTo(expected);
    assertThat(parse("rack:\n")).as("a key without a value").isEqualTo(expected);
  }

  @Test
  void everyKeyIsTaken() {
    for (String key : ConfigFile.DEFAULTS.keySet()) {
      assertThat(EVERY_KEY).contains(key + ": ");
    }
    assertThat(parse(EVERY_KEY))
        .isEqualTo(
            new NodeConfig(
                "orders",
                Path.of("/etc/quorate/store"),
                "0.0.0.0",
                "10.0.0.7",
                7001,
                9043,
                7081,
                "vienna",
                "r2",
                List.of(new Endpoint("10.0.0.7", 7001), new Endpoint("10.0.0.8", 7005)),
                List.of(new Endpoint("10.0.0.8", 7005), new Endpoint("10.0.0.9", 7001)),
                new VoterPolicy(5, 1_500),
                77,
                false,
                8,
                3,
                CommitLogSync.BATCH,
                50,
                8 << 20,
                Path.of("/etc/quorate/kept"),
                2L << 20,
                60_000,
                4L << 20,
                new CompactionOptions(3, 7L << 20, 0.25, CompactionOptions.DEFAULT.stepEntries()),
                11,
                12,
                13,
                14,
                0,
                9L << 20,
                "10.0.0.5"));
  }

  @Test
  void votersAreTheSeedsWhenNothingElseIsSaid() {
    NodeConfig config = parse("seeds: [10.0.0.1, 10.0.0.2, 10.0.0.3]\nlisten_address: 10.0.0.2");
    assertThat(config.metadataVoters()).isEqualTo(config.seeds()).hasSize(3);
    assertThat(config.internode()).isEqualTo(config.seeds().get(1));
  }

  @Test
  void aWitnessTakesNobodysPlace() {
    assertThat(parse("role: witness").isWitness()).isTrue();
    assertThatThrownBy(() -> parse("role: witness\nreplace_node: 10.0.0.5"))
        .hasMessage("q.yaml: a witness takes nobody's place: omit replace_node");
    assertThatThrownBy(() -> parse("role: arbiter"))
        .hasMessage("q.yaml: role is 'arbiter'; allowed are data, witness");
    assertThatThrownBy(() -> parse("metadata_voter_count: 4"))
        .hasMessage("q.yaml: metadata_voter_count is '4'; allowed are auto, 1, 3, 5, 7");
  }

  @Test
  void aDirectoryFromTheRootIsTakenAsItIs() {
    assertThat(parse("data_directory: /var/lib/quorate").dataDirectory())
        .isEqualTo(Path.of("/var/lib/quorate"));
  }

  @ParameterizedTest
  @CsvSource({
    "cluster_nam, cluster_name",
    "shads, shards",
    "raks, rack",
    "seed, seeds",
    "num_token, num_tokens",
    "admin-port, admin_port",
    "read_request_timeout, read_request_timeout_ms",
    "native_transprot_port, native_transport_port",
    "Data_Directory, data_directory",
  })
  void theNearestKeyIsSuggested(String mistyped, String meant) {
    assertRefused(
        mistyped + ": 1", "q.yaml: unknown key '" + mistyped + "'; did you mean '" + meant + "'?");
  }

  @Test
  void aKeyThatIsLikeNoneGetsTheListOfThem() {
    assertRefused(
        "endpoint_snitch: 1",
        "q.yaml: unknown key 'endpoint_snitch'; known keys are "
            + String.join(", ", ConfigFile.DEFAULTS.keySet()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "shards: many | q.yaml: shards is 'many'; a whole number is expected",
        "shards: 1.5 | q.yaml: shards is '1.5'; a whole number is expected",
        "shards: [1] | q.yaml: shards is '[1]'; a whole number is expected",
        "shards: 0 | q.yaml: shards is 0; allowed are 1 to 256",
        "native_transport_port: 70000"
            + "| q.yaml: native_transport_port is 70000; allowed are 1 to 65535",
        "admin_port: -1 | q.yaml: admin_port is -1; allowed are 1 to 65535",
        "shards: 99999999999999999999"
            + "| q.yaml: shards is 99999999999999999999; allowed are 1 to 256",
        "memtable_bytes: 1 | q.yaml: memtable_bytes is 1; allowed are 1048576 or more",
        "rack: [a, b] | q.yaml: rack must be a text",
        "cluster_name: {a: b} | q.yaml: cluster_name must be a text",
        "cluster_name: '' | q.yaml: cluster_name must be a text",
        "cluster_name: \"a\\nb\" | q.yaml: cluster_name must be one line of printable text",
        "data_directory: \"a\\0b\" | q.yaml: data_directory must be one line of printable text",
        "commitlog_sync: never"
            + "| q.yaml: commitlog_sync is 'never'; allowed are group, batch, periodic",
        "seeds: [] | q.yaml: seeds is empty",
        "seeds: ['10.0.0.1:port'] | q.yaml: seeds: '10.0.0.1:port' is not host:port",
        "seeds: ['10.0.0.1:99999'] | q.yaml: seeds: port 99999 is outside 0..65535",
        "listen_address: 0.0.0.0"
            + "| q.yaml: broadcast_address must be set when listen_address is 0.0.0.0",
        "just a text | q.yaml: expected lines of 'key: value'",
        "- a | q.yaml: expected lines of 'key: value'",
      })
  void aValueThatIsNotAllowedIsNamed(String yaml, String message) {
    assertRefused(yaml, message);
  }

  @Test
  void aNameThatWouldNotFitOnTheWireIsRefused() {
    assertRefused(
        "cluster_name: " + "x".repeat(256),
        "q.yaml: cluster_name is 256 bytes long; at most 255 are allowed");
    assertThat(parse("cluster_name: " + "x".repeat(255)).clusterName()).hasSize(255);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rack: [a | line 1",
        "'rack: a\n  b: c: d' | line 2",
        "'rack: a\n\tshards: 1' | line 2",
        "'rack: a\nrack: b' | line 2",
        "'%' | line 1",
        "'rack: *a' | line 1",
        "'rack: a\n---\nrack: b' | line 2",
      })
  void whatIsNotYamlIsToldWithItsLine(String yaml, String where) {
    assertThatThrownBy(() -> parse(yaml))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("q.yaml: not YAML: ")
        .hasMessageContaining(where)
        .satisfies(e -> assertThat(e.getMessage()).hasLineCount(1));
  }

  private static void assertRefused(String yaml, String message) {
    assertThatThrownBy(() -> parse(yaml)).isInstanceOf(ConfigException.class).hasMessage(message);
  }
}
