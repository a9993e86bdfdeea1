package io.quorate.sstable;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One strategy from the tiered to the leveled, tuned by one number (CEP-26: Unified Compaction
 * Strategy; Dayan and Idreos, Dostoevsky, 2018).
 *
 * <p>Tables are compared by density: bytes over the share of the token range that they cover. A
 * level holds densities that differ by less than the factor {@code f = 2 + |W|}. When {@code t}
 * tables of a level overlap at some token, they are merged, with what hangs together with them: for
 * {@code W > 0}, {@code t = f}, each byte is written about once a level and {@code f} tables are
 * read; for {@code W < 0}, {@code t = 2}, a level holds one table at any token and a byte is
 * written about {@code f / 2} times. As data grows, results are cut at fixed tokens into more and
 * more parts, so that tables stay bounded and the parts are compacted side by side. No level need
 * be stored: it follows from size and tokens.
 *
 * @param scaling W of each level, the last for all further
 * @param targetBytes size of the results that cutting aims at
 * @param leastBytes the token range is not cut into parts smaller than this
 * @param baseShards into how many parts it is cut at first
 * @param growth how much of further growth goes into size instead of number, 0 to 1
 * @param baseBytes density at which level 0 begins; what is lighter is in it too
 * @param mostTables how many are merged at once
 * @param inclusion what is merged with those that overlap at one token
 */
record Unified(
    List<Integer> scaling,
    long targetBytes,
    long leastBytes,
    int baseShards,
    double growth,
    long baseBytes,
    int mostTables,
    Inclusion inclusion)
    implements CompactionStrategy {
  private static final Pattern FAN = Pattern.compile("([TL])([2-9]|[1-9][0-9]{1,3})");
  private static final int MOST_SHARDS = 1 << 16;

  /** What goes with the tables that overlap at one token. */
  enum Inclusion {
    /** Nothing. */
    NONE,
    /** What overlaps one of them. */
    SINGLE,
    /** And what overlaps that, and so on: all that hangs together. */
    TRANSITIVE
  }

  static Unified read(OptionReader in) {
    List<Integer> scaling = scaling(in.text("scaling_parameters", "T4"));
    long leastBytes = in.bytes("min_sstable_size", "100MiB", 0, Long.MAX_VALUE);
    long baseBytes = in.bytes("flush_size_override", "0", 0, Long.MAX_VALUE);
    int most = in.whole("max_sstables_to_compact", 0, 0, Integer.MAX_VALUE);
    CompactionSettings.readExpiredCheckSeconds(in);
    in.notYet("unsafe_aggressive_sstable_expiration");
    Inclusion inclusion =
        Inclusion.valueOf(
            in.choice("overlap_inclusion_method", "TRANSITIVE", "NONE", "SINGLE", "TRANSITIVE"));
    return new Unified(
        scaling,
        in.bytes("target_sstable_size", "1GiB", 1 << 10, Long.MAX_VALUE),
        leastBytes,
        in.whole("base_shard_count", 4, 1, 1 << 16),
        in.real("sstable_growth", 0.333, 0, 1),
        baseBytes == 0 ? 1 << 20 : baseBytes,
        most == 0 ? 32 : most,
        inclusion);
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
  public List<CompactionPlan> due(List<CompactionCandidate> tables) {
    TreeMap<Integer, List<CompactionCandidate>> levels = new TreeMap<>();
    for (CompactionCandidate table : tables) {
      if (!table.busy()) {
        levels.computeIfAbsent(level(density(table)), l -> new ArrayList<>()).add(table);
      }
    }
    List<Due> due = new ArrayList<>();
    levels.forEach((level, inLevel) -> {
      for (Overlap overlap : Overlap.find(inLevel)) {
        if (overlap.deepest().size() >= threshold(level)) {
          due.add(new Due(overlap.deepest().size(), plan(inputs(overlap, threshold(level)))));
        }
      }
    });
    due.sort(Comparator.comparingInt(Due::depth).reversed());
    return due.stream().map(Due::plan).toList();
  }

  /** A plan and how many tables overlap in it: the more, the more urgent. */
  private record Due(int depth, CompactionPlan plan) {}

  /** What is included, or, when that is much, the oldest of those that overlap at one token. */
  private List<CompactionCandidate> inputs(Overlap overlap, int threshold) {
    int most = Math.max(mostTables, threshold);
    List<CompactionCandidate> included =
        switch (inclusion) {
          case NONE -> overlap.deepest();
          case SINGLE -> overlap.nextToDeepest();
          case TRANSITIVE -> overlap.tables();
        };
    return included.size() <= most
        ? included
        : overlap.deepest().stream()
            .sorted(Comparator.comparingLong(CompactionCandidate::number))
            .limit(most)
            .toList();
  }

  @Override
  public List<CompactionPlan> all(List<CompactionCandidate> tables) {
    return Overlap.find(tables.stream().filter(table -> !table.busy()).toList()).stream()
        .map(overlap -> plan(overlap.tables()))
        .toList();
  }

  private CompactionPlan plan(List<CompactionCandidate> inputs) {
    long first = inputs.stream().mapToLong(CompactionCandidate::minToken).min().orElseThrow();
    long last = inputs.stream().mapToLong(CompactionCandidate::maxToken).max().orElseThrow();
    long bytes = inputs.stream().mapToLong(CompactionCandidate::bytes).sum();
    long partitions = inputs.stream().mapToLong(CompactionCandidate::partitions).sum();
    CompactionCandidate merged =
        new CompactionCandidate(0, bytes, first, last, 0, partitions, 0, false);
    return new CompactionPlan(
        inputs, 0, boundaries(shards(density(merged)), first, last), Long.MAX_VALUE, true);
  }

  /** W of a level. */
  private int scaling(int level) {
    return scaling.get(Math.min(level, scaling.size() - 1));
  }

  /** By what factor a level's densities grow. */
  private int fan(int level) {
    return 2 + Math.abs(scaling(level));
  }

  /** How many overlapping tables are merged. */
  private int threshold(int level) {
    return scaling(level) <= 0 ? 2 : fan(level);
  }

  private int level(double density) {
    int level = 0;
    for (double bound = (double) baseBytes * fan(0); density >= bound; bound *= fan(level)) {
      level++;
    }
    return level;
  }

  /** What the table would weigh if the rest of the token range were as full as its part. */
  private double density(CompactionCandidate table) {
    return table.bytes() / share(table);
  }

  /**
   * The share of the token range that a table stands for. That of a small table is the whole: it
   * was flushed, or has shrunk, and how far apart its few tokens lie is chance. Otherwise it is the
   * span of its tokens, somewhat more than what lies between the first and the last, and not less
   * than a quarter of what a table of its size is cut to.
   */
  private double share(CompactionCandidate table) {
    if (table.bytes() < leastBytes / 4) {
      return 1;
    }
    double between = ((double) table.maxToken() - (double) table.minToken()) / 0x1.0p64;
    double n = Math.max(2, table.partitions());
    double grown = Math.max(1, (double) table.bytes() / targetBytes);
    double least = 1 / (4.0 * baseShards * grown * grown);
    return Math.min(1, Math.max(least, between * (n + 1) / (n - 1)));
  }

  /**
   * Into how many equal parts the token range is cut at a density: one while the parts would be
   * smaller than {@code leastBytes}, then {@code baseShards}, then twice as many again and again so
   * that size and number of parts grow together, the size by the power {@code growth}.
   */
  private int shards(double density) {
    double smallest = leastBytes == 0 ? Double.MAX_VALUE : density / leastBytes;
    if (smallest < baseShards) {
      // A power of two that divides the number of shards, so that boundaries stay boundaries.
      int parts = Integer.highestOneBit(Math.max(1, (int) smallest));
      return Math.min(parts, Integer.lowestOneBit(baseShards));
    }
    double doublings = Math.log(density / ((double) targetBytes * baseShards)) / Math.log(2);
    long power = Math.max(0, Math.round(doublings * (1 - growth)));
    return (int) Math.min((long) baseShards << Math.min(power, 16), MOST_SHARDS);
  }

  /** First tokens of the parts, of so many in all, that begin within a stretch of tokens. */
  private static List<Long> boundaries(int parts, long fromToken, long toToken) {
    List<Long> boundaries = new ArrayList<>();
    for (int part = 1; part < parts; part++) {
      BigInteger first =
          BigInteger.ONE
              .shiftLeft(64)
              .multiply(BigInteger.valueOf(part))
              .divide(BigInteger.valueOf(parts));
      long token = first.longValue() ^ Long.MIN_VALUE;
      if (token > fromToken && token <= toToken) {
        boundaries.add(token);
      }
    }
    return boundaries;
  }
}
