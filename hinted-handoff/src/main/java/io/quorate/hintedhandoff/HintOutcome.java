package io.quorate.hintedhandoff;

/** What became of a hint that was to be stored. */
public enum HintOutcome {
  /** In a file; on disk if that was asked for. */
  STORED,
  /** The target has been down for longer than the window: it needs repair when it comes back. */
  WINDOW_OVER,
  /** The target's quota is used up. */
  TARGET_FULL,
  /** The quota of all targets together is used up. */
  STORE_FULL,
  /** Hints come faster than the disk takes them. */
  OVERLOADED,
  /** The disk failed; the log says how. */
  FAILED
}
