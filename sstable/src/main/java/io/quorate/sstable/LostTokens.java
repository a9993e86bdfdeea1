package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;

/** Collects the tokens of blocks that could not be read. Not thread-safe. */
final class LostTokens {
  private final List<TokenRange> ranges = new ArrayList<>();
  private int blocks;

  /** Notes a block; blocks come in order. */
  void add(TokenRange block) {
    blocks++;
    if (!ranges.isEmpty() && ranges.getLast().last() >= block.first() - 1) {
      TokenRange before = ranges.removeLast();
      ranges.add(new TokenRange(before.first(), Math.max(before.last(), block.last())));
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
