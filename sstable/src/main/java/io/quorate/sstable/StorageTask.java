package io.quorate.sstable;

import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Long work on a table or a snapshot that can be watched and cancelled. Safe for concurrent use;
 * told of by {@link StorageEvents#taskBegan}.
 */
public final class StorageTask {

  /** What is done. */
  public enum Kind {
    /** Merging SSTables, because it is due. */
    COMPACTION,
    /** Merging all SSTables of a table. */
    MAJOR_COMPACTION,
    /** Leaving out rows that this node does not own. */
    CLEANUP,
    /** Rewriting what can still be read of damaged SSTables. */
    SCRUB,
    /** Reading and checking every block. */
    VERIFY,
    /** Rewriting SSTables in the newest format and with the table's settings. */
    UPGRADE,
    /** Copying a snapshot to another place. */
    EXPORT,
    /** Bringing an exported snapshot's rows into tables. */
    IMPORT,
    /** Comparing a snapshot's files with their checksums. */
    VERIFY_SNAPSHOT,
    /** Fetching rows from other nodes; done by whoever moves them, who also cancels it. */
    STREAM
  }

  /** How far it is. */
  public enum State {
    /** Other work on the table, or a free thread, is waited for. */
    WAITING,
    RUNNING,
    DONE,
    FAILED,
    CANCELLED
  }

  private final Kind kind;
  private final @Nullable UUID tableId;
  private final @Nullable String snapshot;
  private final AtomicLong doneBytes = new AtomicLong();
  private final AtomicLong totalBytes = new AtomicLong();
  private volatile State state = State.WAITING;
  private volatile @Nullable String outcome;
  private volatile @Nullable Object result;
  private volatile @Nullable IOException failure;
  private volatile boolean cancelled;

  StorageTask(Kind kind, UUID tableId) {
    this.kind = kind;
    this.tableId = tableId;
    this.snapshot = null;
  }

  /**
   * @param snapshot or whatever else it is for
   */
  public StorageTask(Kind kind, String snapshot) {
    this.kind = kind;
    this.tableId = null;
    this.snapshot = snapshot;
  }

  public Kind kind() {
    return kind;
  }

  /** The table that is worked on; null when it is a snapshot. */
  public @Nullable UUID tableId() {
    return tableId;
  }

  /** The snapshot that is worked on; null when it is a table. */
  public @Nullable String snapshot() {
    return snapshot;
  }

  /** Bytes of SSTables that were read so far. */
  public long doneBytes() {
    return doneBytes.get();
  }

  /** Bytes of SSTables to read; 0 as long as it is not known. */
  public long totalBytes() {
    return totalBytes.get();
  }

  public State state() {
    return state;
  }

  /** What came of it, or why it failed; null while it runs, and when there is nothing to say. */
  public @Nullable String outcome() {
    return outcome;
  }

  /** What work on a snapshot was answered with, once it is done; otherwise null. */
  public @Nullable Object result() {
    return result;
  }

  /** Why work on a snapshot failed; otherwise null. */
  public @Nullable IOException failure() {
    return failure;
  }

  /** Ends the work at the next block. What it has not completed is as if it had not begun. */
  public void cancel() {
    cancelled = true;
  }

  boolean isCancelled() {
    return cancelled;
  }

  /**
   * @param bytes to read; 0 when it is not known
   */
  public void begin(long bytes) {
    totalBytes.set(bytes);
    state = State.RUNNING;
  }

  /** So many bytes more are done. */
  public void advance(long bytes) {
    doneBytes.addAndGet(bytes);
  }

  /**
   * @throws IOException when it was cancelled
   */
  void goOn() throws IOException {
    if (cancelled) {
      throw new IOException("it was cancelled");
    }
  }

  void succeed(Object value) {
    result = value;
    state = State.DONE;
  }

  void fail(IOException why) {
    failure = why;
    outcome = why.getMessage();
    state = cancelled ? State.CANCELLED : State.FAILED;
  }

  /** It is over. */
  public void end(State how, @Nullable String what) {
    outcome = what;
    state = how;
  }
}
