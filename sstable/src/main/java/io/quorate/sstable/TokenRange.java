package io.quorate.sstable;

import java.util.List;

/**
 * A stretch of tokens.
 *
 * @param first least token, inclusive
 * @param last greatest token, inclusive
 */
public record TokenRange(long first, long last) {
  public static final TokenRange ALL = new TokenRange(Long.MIN_VALUE, Long.MAX_VALUE);

  public TokenRange {
    if (first > last) {
      throw new IllegalArgumentException("a token range from " + first + " to " + last);
    }
  }

  static boolean anyContains(List<TokenRange> ranges, long token) {
    for (TokenRange range : ranges) {
      if (token >= range.first && token <= range.last) {
        return true;
      }
    }
    return false;
  }

  /** Whether some token of a stretch is in one of the ranges. */
  static boolean anyMeets(List<TokenRange> ranges, long first, long last) {
    return ranges.stream().anyMatch(range -> range.first <= last && first <= range.last);
  }

  /** Whether every token of a stretch is in one of the ranges. */
  static boolean allContain(List<TokenRange> ranges, long first, long last) {
    long reached = first;
    while (true) {
      long before = reached;
      for (TokenRange range : ranges) {
        if (reached >= range.first && reached <= range.last) {
          if (range.last >= last) {
            return true;
          }
          reached = range.last + 1;
        }
      }
      if (reached == before) {
        return false;
      }
    }
  }
}
