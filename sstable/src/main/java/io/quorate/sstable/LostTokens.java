package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;

/** Collects the tokens of blocks that could not be read. Not thread-safe. */
final class LostTokens {
  private final List<TokenRange> ranges = new ArrayList<>();
  private int blocks;

  /** Notes a block, or a stretch of them; blocks come in order, or the last stretch first. */
  void add(TokenRange block) {
    blocks++;
    if (!ranges.isEmpty() && ranges.getLast().last() >= block.first() - 1) {
      TokenRange before = ranges.removeLast();
      ranges.add(
          new TokenRange(
              Math.min(before.first(), block.first()), Math.max(before.last(), block.last())));
    } else {
      ranges.add(block);
    }
  }

  int blocks() {
    return blocks;
  }

  List<TokenRange> ranges() {
    return ranges;
  }
}
