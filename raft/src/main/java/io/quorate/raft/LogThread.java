package io.quorate.raft;

import io.quorate.environment.DiskFullException;
import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.environment.Shard;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member's {@link DurableLog} on the thread that may wait for the disk. What is asked for here is
 * done there, in order, and then the caller goes on on its shard; once closed it does not. A full
 * disk is waited out; any other failure is the end of the member.
 *
 * <p>Owned by its driver's shard.
 */
final class LogThread {
  private static final Logger logger = LoggerFactory.getLogger(LogThread.class);
  private static final long FULL_DISK_RETRY_NANOS = 500_000_000L;

  private interface Task {
    void run(DurableLog log) throws IOException;
  }

  private final FileSystem files;
  private final Shard shard;
  private final Path directory;
  private final Executor thread;
  private final Consumer<Throwable> failed;
  private @Nullable DurableLog log;
  private @Nullable String fullDisk;
  private boolean isClosed;

  /**
   * @param failed called on the shard, when the log cannot be used or what follows a write throws
   */
  LogThread(Environment environment, Shard shard, Path directory, Consumer<Throwable> failed) {
    this.files = environment.files();
    this.shard = shard;
    this.directory = directory;
    this.thread = environment.background().serial("raft-log");
    this.failed = failed;
  }

  /** Reads what is there and opens it for writing. */
  void open(RaftConfig config, BiConsumer<Ring, LogRecovery> then) {
    thread.execute(() -> {
      try {
        files.createDirectories(directory);
        Ring ring = RingFile.read(files, directory);
        Path logs = RingFile.logDirectory(directory, ring);
        List<PeerId> voters = ring.number() == 0 ? config.initialVoters() : ring.voters();
        LogRecovery recovery = LogRecovery.read(files, logs, voters);
        DurableLog opened = new DurableLog(files, logs, config.segmentBytes(), recovery);
        shard.execute(() -> opened(opened, () -> then.accept(ring, recovery)));
      } catch (IOException | RuntimeException e) {
        shard.execute(() -> failed.accept(e));
      }
    });
  }

  private void opened(DurableLog opened, Runnable then) {
    log = opened;
    if (isClosed) {
      close();
    } else {
      unlessClosed(then);
    }
  }

  /**
   * Begins the log of another ring. From then on this member is of that ring; until then, whatever
   * happens, of the one before.
   *
   * @param first what the log begins behind; the empty one when it has nothing yet
   */
  void begin(Ring ring, RaftConfig config, HardState state, Snapshot first, Runnable then) {
    DurableLog old = Objects.requireNonNull(log, "a running member has a log");
    thread.execute(() -> {
      try {
        Path logs = RingFile.logDirectory(directory, ring);
        files.createDirectories(logs);
        files.syncDirectory(directory);
        LogRecovery nothing = LogRecovery.read(files, logs, ring.voters());
        DurableLog begun = new DurableLog(files, logs, config.segmentBytes(), nothing);
        if (!first.isEmpty()) {
          begun.append(first, state, List.of());
        }
        RingFile.write(files, directory, ring);
        shard.execute(() -> opened(begun, then));
        old.close();
      } catch (IOException | RuntimeException e) {
        shard.execute(() -> failed.accept(e));
      }
    });
  }

  /** Makes durable what the core wants to be. */
  void append(Ready ready, Runnable then) {
    run(target -> target.append(ready.snapshot(), ready.hardState(), ready.entries()), then);
  }

  /** Makes a snapshot of this member's own durable. */
  void saveSnapshot(Snapshot snapshot, Runnable then) {
    run(target -> target.saveSnapshot(snapshot), then);
  }

  /** Why the log waits, or null. */
  @Nullable String fullDisk() {
    return fullDisk;
  }

  void close() {
    isClosed = true;
    DurableLog closing = log;
    if (closing == null) {
      return;
    }
    log = null;
    thread.execute(() -> {
      try {
        closing.close();
      } catch (IOException e) {
        logger.warn("raft log in {} did not close cleanly: {}", directory, e.toString());
      }
    });
  }

  private void run(Task task, Runnable then) {
    DurableLog target = Objects.requireNonNull(log, "a running member has a log");
    thread.execute(() -> {
      try {
        task.run(target);
      } catch (DiskFullException e) {
        shard.execute(() -> waitForSpace(e, () -> run(task, then)));
        return;
      } catch (IOException | RuntimeException e) {
        shard.execute(() -> failed.accept(e));
        return;
      }
      shard.execute(() -> {
        fullDisk = null;
        unlessClosed(then);
      });
    });
  }

  /** Meanwhile nothing is acknowledged; a leader hands over, as on any slow disk. */
  private void waitForSpace(DiskFullException full, Runnable retry) {
    if (fullDisk == null) {
      logger.error("raft log in {} waits for space: {}", directory, full.getMessage());
    }
    fullDisk = full.getMessage();
    shard.schedule(FULL_DISK_RETRY_NANOS, () -> unlessClosed(retry));
  }

  private void unlessClosed(Runnable task) {
    if (isClosed) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException e) {
      failed.accept(e);
    }
  }
}
