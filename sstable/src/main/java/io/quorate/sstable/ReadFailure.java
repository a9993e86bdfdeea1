package io.quorate.sstable;

/** A read could not be answered. Nothing is ever answered in part or from damaged data. */
public record ReadFailure(Reason reason, String message) implements ReadOutcome, RangeOutcome {

  public enum Reason {
    /** The engine has no such table. */
    UNKNOWN_TABLE,
    /** Data that the answer needs is damaged and was put aside; other replicas have it. */
    DAMAGED,
    /** The disk did not do what was asked of it. */
    DISK
  }
}
