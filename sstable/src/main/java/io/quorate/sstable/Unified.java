package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tables of similar density, merged when as many overlap as one number says (Cassandra's CEP-26).
 *
 * @param scaling W of each level, the last for all further
 */
record Unified(
    List<Integer> scaling,
    long targetBytes,
    long leastBytes,
    int baseShards,
    double growth,
    long baseBytes)
    implements CompactionStrategy {
  private static final Pattern FAN = Pattern.compile("([TL])([2-9]|[1-9][0-9]{1,3})");
  private static final SizeTiered TIERS = new SizeTiered(4, 32, 0.5, 1.5, 4 << 20);

  static Unified read(OptionReader in) {
    List<Integer> scaling = scaling(in.text("scaling_parameters", "T4"));
    long leastBytes = in.bytes("min_sstable_size", "100MiB", 0, Long.MAX_VALUE);
    long baseBytes = in.bytes("flush_size_override", "0", 0, Long.MAX_VALUE);
    in.whole("max_sstables_to_compact", 0, 0, Integer.MAX_VALUE);
    in.wholeLong("expired_sstable_check_frequency_seconds", 600, 1, Long.MAX_VALUE);
    in.notYet("unsafe_aggressive_sstable_expiration");
    in.choice("overlap_inclusion_method", "TRANSITIVE", "NONE", "SINGLE", "TRANSITIVE");
    return new Unified(
        scaling,
        in.bytes("target_sstable_size", "1GiB", 1 << 20, Long.MAX_VALUE),
        leastBytes,
        in.whole("base_shard_count", 4, 1, 1 << 16),
        in.real("sstable_growth", 0.333, 0, 1),
        Math.max(1 << 20, baseBytes));
  }

  /** One number for each level: {@code T4} is 2, {@code N} is 0, {@code L10} is -8. */
  private static List<Integer> scaling(String text) {
    List<Integer> scaling = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String word = part.trim().toUpperCase(Locale.ROOT);
      Matcher fan = FAN.matcher(word);
      if (word.equals("N")) {
        scaling.add(0);
      } else if (fan.matches()) {
        int factor = Integer.parseInt(fan.group(2));
        scaling.add(word.startsWith("T") ? factor - 2 : 2 - factor);
      } else if (word.matches("[+-]?[0-9]{1,4}")) {
        scaling.add(Integer.parseInt(word));
      } else {
        throw new IllegalArgumentException(
            "'"
                + text
                + "' is not allowed for scaling_parameters; expected are numbers, or T and L with a"
                + " number of 2 or more, or N, with commas between");
      }
    }
    return List.copyOf(scaling);
  }

  @Override
  public List<SSTable> pick(List<SSTable> tables) {
    return TIERS.pick(tables);
  }

  @Override
  public int pending(List<SSTable> tables) {
    return TIERS.pending(tables);
  }
}
