package io.quorate.sstable;

import java.util.List;

/** Levels of tables that do not overlap, each a multiple of the one above. */
record Leveled(long tableBytes, int fanout) implements CompactionStrategy {
  private static final SizeTiered TIERS = new SizeTiered(4, 32, 0.5, 1.5, 4 << 20);

  static Leveled read(OptionReader in) {
    in.flag("single_sstable_uplevel", true);
    return new Leveled(
        in.wholeLong("sstable_size_in_mb", 160, 1, 1 << 20) << 20,
        in.whole("fanout_size", 10, 2, 1_000));
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
