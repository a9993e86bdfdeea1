package io.quorate.node;

import io.quorate.environment.Endpoint;
import io.quorate.environment.FileSystem;
import io.quorate.node.NodeConfig.CommitLogSync;
import io.quorate.sstable.CompactionOptions;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads {@code quorate.yaml}. Every key has a default; a key that is not known, or a value of the
 * wrong kind, is an error that names file, key and what is allowed.
 */
public final class ConfigFile {
  /** Every key with its default, as documentation and for the tools that write such files. */
  public static final Map<String, String> DEFAULTS = defaults();

  private static final int MAX_NAME_BYTES = 255;

  private final String source;
  private final Map<String, Object> values;

  private static Map<String, String> defaults() {
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("cluster_name", "quorate");
    keys.put("data_directory", "data");
    keys.put("listen_address", "127.0.0.1");
    keys.put("broadcast_address", "as listen_address");
    keys.put("internode_port", "7000");
    keys.put("native_transport_port", "9042");
    keys.put("admin_port", "7080");
    keys.put("datacenter", "datacenter1");
    keys.put("rack", "rack1");
    keys.put("seeds", "this node");
    keys.put("metadata_voters", "as seeds");
    keys.put("metadata_voter_count", "auto: 3 of up to 4 nodes, 5 of up to 8, else 7");
    keys.put("metadata_voter_patience_ms", "300000");
    keys.put("metadata_snapshot_entries", "10000");
    keys.put("role", "data");
    keys.put("num_tokens", "16");
    keys.put("shards", "one a core");
    keys.put("commitlog_sync", "group");
    keys.put("commitlog_sync_period_ms", "1000");
    keys.put("commitlog_segment_bytes", "33554432");
    keys.put("commitlog_archive_directory", "none");
    keys.put("memtable_bytes", "a quarter of the heap");
    keys.put("memtable_max_age_ms", "3600000");
    keys.put("block_cache_bytes", "an eighth of the heap");
    keys.put("concurrent_compactors", "half of the cores, at least 1");
    keys.put("compaction_throughput", "64, in MiB a second; 0 is without limit");
    keys.put("compaction_max_space_share", "0.8 of the free disk");
    keys.put("read_request_timeout_ms", "5000");
    keys.put("range_request_timeout_ms", "10000");
    keys.put("write_request_timeout_ms", "2000");
    keys.put("metadata_request_timeout_ms", "10000");
    keys.put("max_hint_window_ms", "10800000");
    keys.put("stream_throughput", "64, in MiB a second; 0 is without limit");
    keys.put("replace_node", "none");
    return keys;
  }

  private ConfigFile(String source, Map<String, Object> values) {
    this.source = source;
    this.values = values;
  }

  /**
   * @param source the file's name, for messages
   * @param directory relative paths in the file start here
   * @param heapBytes the process's largest heap, from which memory defaults are derived
   * @param cores for the default number of shards
   * @throws ConfigException with one line for the operator
   */
  public static NodeConfig parse(
      String source, String yaml, Path directory, long heapBytes, int cores) {
    return new ConfigFile(source, load(source, yaml)).read(directory, heapBytes, cores);
  }

  private static Map<String, Object> load(String source, String yaml) {
    Object root;
    try {
      root =
          new Load(LoadSettings.builder().setAllowDuplicateKeys(false).setLabel(source).build())
              .loadFromString(yaml);
    } catch (YamlEngineException e) {
      throw new ConfigException(source + ": not YAML: " + whatAndWhere(e));
    }
    Map<String, Object> values = new LinkedHashMap<>();
    if (root == null) {
      return values;
    }
    if (!(root instanceof Map<?, ?> map)) {
      throw new ConfigException(source + ": expected lines of 'key: value'");
    }
    map.forEach((key, value) -> {
      String name = String.valueOf(key);
      if (!DEFAULTS.containsKey(name)) {
        throw new ConfigException(
            source + ": unknown key '" + name + "'" + suggestion(name, DEFAULTS.keySet()));
      }
      if (value != null) {
        values.put(name, value);
      }
    });
    return values;
  }

  /** The parser's complaint in one line; its own message quotes the file over several. */
  private static String whatAndWhere(YamlEngineException failure) {
    String what = String.valueOf(failure.getMessage());
    String where = "";
    if (failure instanceof MarkedYamlEngineException marked) {
      what = String.valueOf(marked.getProblem());
      where = marked.getProblemMark().map(mark -> " at line " + (mark.getLine() + 1)).orElse("");
    }
    return what.lines().findFirst().orElse("") + where;
  }

  /** The nearest key, when it is so near that a slip of the finger explains the difference. */
  private static String suggestion(String name, Set<String> known) {
    String nearest = "";
    int least = Math.min(3, name.length() / 2) + 1;
    for (String candidate : known) {
      int distance = distance(name.toLowerCase(Locale.ROOT), candidate);
      if (distance < least) {
        least = distance;
        nearest = candidate;
      }
    }
    return nearest.isEmpty()
        ? "; known keys are " + String.join(", ", known)
        : "; did you mean '" + nearest + "'?";
  }

  /** Levenshtein distance. */
  private static int distance(String left, String right) {
    int[] previous = new int[right.length() + 1];
    for (int j = 0; j <= right.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= left.length(); i++) {
      int[] current = new int[right.length() + 1];
      current[0] = i;
      for (int j = 1; j <= right.length(); j++) {
        int change = left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1;
        current[j] = Math.min(Math.min(current[j - 1], previous[j]) + 1, previous[j - 1] + change);
      }
      previous = current;
    }
    return previous[right.length()];
  }

  private NodeConfig read(Path directory, long heapBytes, int cores) {
    String listen = name("listen_address", "127.0.0.1");
    String broadcast = name("broadcast_address", listen);
    if (broadcast.equals("0.0.0.0") || broadcast.equals("::")) {
      throw new ConfigException(
          source + ": broadcast_address must be set when listen_address is " + listen);
    }
    int internodePort = (int) number("internode_port", 7000, 1, 65_535);
    List<Endpoint> seeds =
        endpoints("seeds", internodePort, List.of(new Endpoint(broadcast, internodePort)));
    boolean isWitness = oneOf("role", "data", "witness").equals("witness");
    String replaced = replaced();
    if (isWitness && replaced != null) {
      throw new ConfigException(source + ": a witness takes nobody's place: omit replace_node");
    }
    return new NodeConfig(
        name("cluster_name", "quorate"),
        directory.resolve(text("data_directory", "data")),
        listen,
        broadcast,
        internodePort,
        (int) number("native_transport_port", 9042, 1, 65_535),
        (int) number("admin_port", 7080, 1, 65_535),
        name("datacenter", "datacenter1"),
        name("rack", "rack1"),
        seeds,
        endpoints("metadata_voters", internodePort, seeds),
        voterPolicy(),
        (int) number("metadata_snapshot_entries", 10_000, 10, 1_000_000),
        isWitness,
        (int) number("num_tokens", 16, 1, 1024),
        (int) number("shards", cores, 1, 256),
        sync(),
        number("commitlog_sync_period_ms", 1_000, 1, 600_000),
        segmentBytes(),
        archive(directory),
        number("memtable_bytes", heapBytes / 4, 1 << 20, Long.MAX_VALUE),
        number("memtable_max_age_ms", 3_600_000, 1_000, 604_800_000),
        number("block_cache_bytes", heapBytes / 8, 1 << 20, Long.MAX_VALUE),
        compaction(cores),
        number("read_request_timeout_ms", 5_000, 10, 3_600_000),
        number("range_request_timeout_ms", 10_000, 10, 3_600_000),
        number("write_request_timeout_ms", 2_000, 10, 3_600_000),
        number("metadata_request_timeout_ms", 10_000, 10, 3_600_000),
        number("max_hint_window_ms", 3 * 3_600_000L, 0, Long.MAX_VALUE),
        number("stream_throughput", 64, 0, 1 << 30) << 20,
        replaced);
  }

  private VoterPolicy voterPolicy() {
    String count = oneOf("metadata_voter_count", "auto", "1", "3", "5", "7");
    long patienceMillis =
        number(
            "metadata_voter_patience_ms", VoterPolicy.DEFAULT.patienceMillis(), 1_000, 604_800_000);
    return new VoterPolicy(count.equals("auto") ? 0 : Integer.parseInt(count), patienceMillis);
  }

  /** One of a few words, the first when nothing is said. */
  private String oneOf(String key, String... allowed) {
    String value = text(key, allowed[0]);
    if (!List.of(allowed).contains(value)) {
      throw new ConfigException(
          source + ": " + key + " is '" + value + "'; allowed are " + String.join(", ", allowed));
    }
    return value;
  }

  private @Nullable String replaced() {
    String replaced = text("replace_node", "none");
    return replaced.equals("none") ? null : replaced;
  }

  private int segmentBytes() {
    int bytes = (int) number("commitlog_segment_bytes", 32 << 20, 1 << 20, 1 << 30);
    if (bytes % FileSystem.BLOCK_BYTES != 0) {
      throw new ConfigException(
          source + ": commitlog_segment_bytes is no multiple of " + FileSystem.BLOCK_BYTES);
    }
    return bytes;
  }

  private @Nullable Path archive(Path directory) {
    String archive = text("commitlog_archive_directory", "none");
    return archive.equals("none") ? null : directory.resolve(archive);
  }

  private CompactionOptions compaction(int cores) {
    return new CompactionOptions(
        (int) number("concurrent_compactors", Math.max(1, cores / 2), 1, 256),
        number("compaction_throughput", 64, 0, 1 << 30) << 20,
        share("compaction_max_space_share", CompactionOptions.DEFAULT.maxSpaceShare()),
        CompactionOptions.DEFAULT.stepEntries());
  }

  /** A number above 0 and up to 1. */
  private double share(String key, double otherwise) {
    @Nullable Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    double share = value instanceof Number number ? number.doubleValue() : Double.NaN;
    if (share > 0 && share <= 1) {
      return share;
    }
    throw new ConfigException(
        source + ": " + key + " is '" + value + "'; a number above 0 and up to 1 is expected");
  }

  private CommitLogSync sync() {
    String value = text("commitlog_sync", "group");
    try {
      return CommitLogSync.valueOf(value.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new ConfigException(
          source + ": commitlog_sync is '" + value + "'; allowed are group, batch, periodic");
    }
  }

  private String text(String key, String otherwise) {
    Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Map || value instanceof List || String.valueOf(value).isBlank()) {
      throw new ConfigException(source + ": " + key + " must be a text");
    }
    String text = String.valueOf(value);
    if (text.chars().anyMatch(Character::isISOControl)) {
      throw new ConfigException(source + ": " + key + " must be one line of printable text");
    }
    return text;
  }

  /** A text that goes over the wire with a length of one byte. */
  private String name(String key, String otherwise) {
    String name = text(key, otherwise);
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    if (length > MAX_NAME_BYTES) {
      throw new ConfigException(
          source
              + ": "
              + key
              + " is "
              + length
              + " bytes long; at most "
              + MAX_NAME_BYTES
              + " are allowed");
    }
    return name;
  }

  private long number(String key, long otherwise, long least, long most) {
    @Nullable Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    if (!(value instanceof Integer || value instanceof Long || value instanceof BigInteger)) {
      throw new ConfigException(
          source + ": " + key + " is '" + value + "'; a whole number is expected");
    }
    long number = ((Number) value).longValue();
    // A BigInteger is what the parser makes of a number that no long can hold.
    if (value instanceof BigInteger || number < least || number > most) {
      String range = most == Long.MAX_VALUE ? least + " or more" : least + " to " + most;
      throw new ConfigException(source + ": " + key + " is " + value + "; allowed are " + range);
    }
    return number;
  }

  private List<Endpoint> endpoints(String key, int port, List<Endpoint> otherwise) {
    Object value = values.get(key);
    if (value == null) {
      return otherwise;
    }
    List<?> texts =
        value instanceof List<?> list ? list : List.of(String.valueOf(value).split(","));
    List<Endpoint> endpoints = new ArrayList<>();
    for (Object text : texts) {
      try {
        endpoints.add(Endpoint.parse(String.valueOf(text), port));
      } catch (IllegalArgumentException e) {
        throw new ConfigException(source + ": " + key + ": " + e.getMessage());
      }
    }
    if (endpoints.isEmpty()) {
      throw new ConfigException(source + ": " + key + " is empty");
    }
    return List.copyOf(endpoints);
  }

  /** What is wrong with a configuration, in one line for the operator. */
  public static final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public ConfigException(String message) {
      super(message);
    }
  }
}
