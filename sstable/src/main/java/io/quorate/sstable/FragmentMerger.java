package io.quorate.sstable;

import io.quorate.environment.Invariant;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reconciles fragments of one partition into one canonical fragment, by the rules at {@link
 * RowMerger}. Merging is commutative, associative and idempotent; equal knowledge gives equal
 * bytes.
 *
 * <pre>
 * byte[] merged = merger.begin().add(one).add(other).merge();
 * </pre>
 *
 * <p>Fragments from the network are checked by {@link FragmentValidator} first. Reused, not
 * thread-safe.
 */
public final class FragmentMerger {
  private final List<FragmentRows> sources = new ArrayList<>();
  private final FragmentAssembler assembler = new FragmentAssembler();
  private int sourceCount;

  public FragmentMerger begin() {
    sourceCount = 0;
    return this;
  }

  public FragmentMerger add(byte[] fragment) {
    return add(fragment, 0, fragment.length);
  }

  /** Adds a fragment. Its bytes are used until the merge. */
  public FragmentMerger add(byte[] bytes, int offset, int length) {
    if (sourceCount == sources.size()) {
      sources.add(new FragmentRows());
    }
    sources.get(sourceCount++).reset(bytes, offset, length);
    return this;
  }

  /** Everything that any fragment knows, expired cells as they are. */
  public byte[] merge() {
    return merge(ReadLimits.all(RowMerger.NEVER_SECONDS)).fragment();
  }

  /** The wanted rows of what any fragment knows. */
  public ReadResult merge(ReadLimits limits) {
    PartitionMerger partition = new PartitionMerger();
    partition.begin(limits.nowSeconds(), Purge.NONE);
    for (int i = 0; i < sourceCount; i++) {
      FragmentRows source = sources.get(i);
      partition.addDeletion(source.partitionDeletion());
      partition.addRanges(source.ranges());
      partition.addRows(source);
    }
    partition.mergeDeletions();
    try {
      return assembler.assemble(partition, limits);
    } catch (IOException e) {
      throw new Invariant.Broken("fragments in memory failed to read: " + e);
    }
  }
}
