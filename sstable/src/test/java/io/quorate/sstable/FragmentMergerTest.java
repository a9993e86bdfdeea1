package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.sstable.ReferencePartition.Broken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** If this breaks, replicas that have seen the same writes give a client different answers. */
class FragmentMergerTest {
  private static final int RUNS = 20_000;

  private final FragmentMerger merger = new FragmentMerger();

  private byte[] merge(byte[]... fragments) {
    merger.begin();
    for (byte[] fragment : fragments) {
      merger.add(fragment);
    }
    return merger.merge();
  }

  @Test
  void theOrderOfUpdatesDoesNotMatter() {
    for (long seed = 0; seed < RUNS; seed++) {
      RandomFragments random = new RandomFragments(seed, 4);
      byte[] a = random.next();
      byte[] b = random.next();
      byte[] c = random.next();
      byte[] all = merge(a, b, c);
      FragmentValidator.validate(all, 0, all.length);
      assertThat(merge(c, b, a)).as("commutative, seed %d", seed).isEqualTo(all);
      assertThat(merge(merge(a, b), c)).as("associative, seed %d", seed).isEqualTo(all);
      assertThat(merge(a, merge(b, c))).as("associative, seed %d", seed).isEqualTo(all);
      assertThat(merge(all, a, all, b)).as("idempotent, seed %d", seed).isEqualTo(all);
    }
  }

  /** The rules once more, cell by cell, without any of the merger's short cuts. */
  @Test
  void agreesWithTheRulesAppliedOneByOne() {
    for (long seed = 0; seed < RUNS; seed++) {
      assertThat(disagreement(seed, Broken.NOTHING)).as("seed %d", seed).isNull();
    }
  }

  /** The negative control: rules with one of them broken are not those of the merger. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NOTHING")
  void aBrokenRuleIsFoundOut(Broken broken) {
    int foundOut = 0;
    for (long seed = 0; seed < 2_000; seed++) {
      foundOut += disagreement(seed, broken) == null ? 0 : 1;
    }
    assertThat(foundOut).isGreaterThan(20);
  }

  /** Where the merger and the rules differ for a seed, or null. */
  private @Nullable String disagreement(long seed, Broken broken) {
    RandomFragments random = new RandomFragments(seed, 4);
    List<byte[]> fragments = new ArrayList<>();
    ReferencePartition reference = new ReferencePartition(broken);
    for (int i = 0; i < 1 + seed % 4; i++) {
      byte[] fragment = random.next();
      fragments.add(fragment);
      reference.add(fragment);
    }
    byte[] merged = merge(fragments.toArray(byte[][]::new));
    for (long now = 0; now < 8; now += 3) {
      ReferencePartition read = new ReferencePartition();
      read.add(merged);
      if (!read.visible(now).equals(reference.visible(now))) {
        return "at " + now + " " + read.visible(now) + " and not " + reference.visible(now);
      }
    }
    return null;
  }

  @Test
  void aReplicaThatIsSentWhatItLacksIsUpToDate() {
    for (long seed = 0; seed < RUNS; seed++) {
      RandomFragments random = new RandomFragments(seed, 4);
      byte[] shared = random.next();
      byte[] replica = merge(shared, random.next());
      byte[] merged = merge(replica, shared, random.next());
      byte[] missing = FragmentDiff.missing(merged, replica);
      if (missing == null) {
        assertThat(replica).as("seed %d", seed).isEqualTo(merged);
      } else {
        FragmentValidator.validate(missing, 0, missing.length);
        assertThat(merge(replica, missing)).as("seed %d", seed).isEqualTo(merged);
      }
      assertThat(FragmentDiff.missing(merged, merged)).isNull();
    }
  }

  @Test
  void aLimitedReadIsAPrefixOfTheWholeOne() {
    for (long seed = 0; seed < RUNS; seed++) {
      RandomFragments random = new RandomFragments(seed, 6);
      byte[] a = random.next();
      byte[] b = random.next();
      long now = seed % 8;
      boolean reversed = seed % 2 == 0;
      Slice first = new Slice(RandomFragments.rowKey(0), RandomFragments.rowKey(2));
      Slice second = new Slice(RandomFragments.rowKey(3), RandomFragments.rowKey(6));
      List<Slice> slices = seed % 3 == 0 ? List.of(Slice.ALL) : List.of(first, second);
      int limit = (int) (1 + seed % 4);
      ReadResult result =
          merger.begin().add(a).add(b).merge(new ReadLimits(slices, true, reversed, limit, now));
      FragmentValidator.validate(result.fragment(), 0, result.fragment().length);

      ReferencePartition reference = new ReferencePartition();
      reference.add(a);
      reference.add(b);
      ReferencePartition read = new ReferencePartition();
      read.add(result.fragment());
      assertThat(read.visible(now))
          .as("seed %d", seed)
          .isEqualTo(reference.visible(now, slices, reversed, limit));
      // Whoever merges the answer again must find it canonical.
      assertThat(merge(result.fragment())).as("seed %d", seed).isEqualTo(result.fragment());
      assertThat(result.cut()).isEqualTo(result.liveRows() == limit);
    }
  }

  @Test
  void whatIsReadDoesNotComeBackWhenItsTombstonesArePurged() {
    for (long seed = 0; seed < RUNS; seed++) {
      RandomFragments random = new RandomFragments(seed, 4);
      byte[] a = random.next();
      byte[] b = random.next();
      byte[] purged = purge(4, 3, a, b);
      ReferencePartition before = new ReferencePartition();
      before.add(a);
      before.add(b);
      ReferencePartition after = new ReferencePartition();
      after.add(purged);
      assertThat(after.visible(4)).as("seed %d", seed).isEqualTo(before.visible(4));
      assertThat(purge(4, 10, purged).length).isLessThanOrEqualTo(purged.length);
    }
  }

  @Test
  void digestsTellFragmentsApart() {
    for (long seed = 0; seed < 2_000; seed++) {
      RandomFragments random = new RandomFragments(seed, 4);
      byte[] a = merge(random.next());
      byte[] b = merge(random.next());
      assertThat(Digest.of(a).equals(Digest.of(b)))
          .as("seed %d", seed)
          .isEqualTo(Arrays.equals(a, b));
    }
  }

  /** As compaction merges, when nothing outside it holds older data. */
  static byte[] purge(long nowSeconds, long purgeBeforeSeconds, byte[]... fragments) {
    PartitionMerger partition = new PartitionMerger();
    partition.begin(nowSeconds, new Purge(purgeBeforeSeconds, Long.MAX_VALUE));
    for (byte[] fragment : fragments) {
      FragmentRows rows = new FragmentRows().reset(fragment, 0, fragment.length);
      partition.addDeletion(rows.partitionDeletion());
      partition.addRanges(rows.ranges());
      partition.addRows(rows);
    }
    partition.mergeDeletions();
    FragmentWriter out = new FragmentWriter().begin();
    Deletion deletion = partition.keptHead().deletion();
    if (!deletion.isNone()) {
      out.partitionDeletion(deletion.timestampMicros(), deletion.localSeconds());
    }
    try {
      List<RangeTombstone> ranges = new ArrayList<>(partition.keptHead().ranges());
      partition.seekAtOrAfter(RowKeys.LOWEST);
      while (partition.next(RowKeys.HIGHEST)) {
        while (!ranges.isEmpty()
            && RowKeys.compare(
                    ranges.getFirst().start(),
                    partition.keyBytes,
                    partition.keyOffset,
                    partition.keyLength)
                <= 0) {
          out.rangeTombstone(ranges.removeFirst());
        }
        RowMerger row = partition.row();
        out.row(
            partition.keyBytes,
            partition.keyOffset,
            partition.keyLength,
            row.bytes,
            row.offset,
            row.length);
      }
      ranges.forEach(out::rangeTombstone);
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
    return out.finish();
  }
}
