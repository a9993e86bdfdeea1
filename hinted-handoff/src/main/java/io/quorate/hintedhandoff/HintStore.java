package io.quorate.hintedhandoff;

import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hints on disk.
 *
 * <p>{@link #write} is called from any shard. What it takes in goes through a queue to the {@code
 * hints} thread, which writes all that has gathered, a file operation for each target, and syncs it
 * when one of them asks for it, or else within {@link HintConfig#syncIntervalNanos}. All files
 * belong to that thread.
 */
public final class HintStore {
  private static final Logger log = LoggerFactory.getLogger(HintStore.class);

  private record Arrival(
      UUID target,
      byte[] mutation,
      boolean isDurable,
      Shard shard,
      Consumer<HintOutcome> callback) {
    void answer(HintOutcome outcome) {
      shard.execute(() -> callback.accept(outcome));
    }
  }

  private interface FileTask<T extends @Nullable Object> {
    T run() throws IOException;
  }

  private final Environment environment;
  private final Path directory;
  private final HintConfig config;
  private final Executor thread;
  private final HintQuotas quotas;

  /** From all shards to the hints thread; bounded by the quotas. */
  private final Queue<Arrival> arrivals = new ConcurrentLinkedQueue<>();

  private final AtomicBoolean isDrainDue = new AtomicBoolean();
  private final AtomicLong stored = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong delivered = new AtomicLong();
  private final AtomicLong expired = new AtomicLong();

  // Owned by the hints thread.
  private final Map<UUID, TargetHints> targets = new TreeMap<>();
  private boolean isSyncDue;
  private long setAsideBytes;
  private boolean isClosed;

  /** Written on the hints thread, read anywhere. */
  private volatile List<HintStats.Target> pending = List.of();

  /** Written on the hints thread, read anywhere. */
  private volatile long damagedBytes;

  public HintStore(Environment environment, Path directory, HintConfig config) {
    this.environment = environment;
    this.directory = directory;
    this.config = config;
    this.thread = environment.background().serial("hints");
    this.quotas = new HintQuotas(config);
  }

  // ---------------------------------------------------------------------------------------------
  // Life

  /**
   * Reads what an earlier life left. Writes may come at once; they wait for it.
   *
   * @param done called on a shard: null, or why the directory cannot be used
   */
  public void open(Consumer<@Nullable IOException> done) {
    Shard shard = environment.shards().currentOrFirst();
    thread.execute(() -> {
      try {
        recover();
        publish();
        shard.execute(() -> done.accept(null));
      } catch (IOException e) {
        isClosed = true;
        shard.execute(() -> done.accept(e));
      }
    });
  }

  private void recover() throws IOException {
    environment.files().createDirectories(directory);
    for (String name : environment.files().list(directory)) {
      if (name.endsWith(HintFile.SUFFIX)) {
        recover(name);
      } else if (name.endsWith(HintFile.SUFFIX + HintFile.STAGED)) {
        environment.files().delete(directory.resolve(name));
      }
    }
    long wallMillis = environment.clock().wallMicros() / 1_000;
    long now = environment.clock().nanos();
    for (TargetHints hints : targets.values()) {
      HintStats.Target stats = hints.stats();
      long ageMillis = Math.max(0, wallMillis - stats.oldestMillis());
      if (stats.hints() > 0) {
        quotas.recovered(stats.target(), now - ageMillis * 1_000_000);
      }
      if (hints.damagedBytes() > 0) {
        log.warn(
            "{} bytes of hints for {} were torn or damaged; repair brings what they held",
            hints.damagedBytes(),
            stats.target());
      }
    }
  }

  private void recover(String name) throws IOException {
    UUID target;
    long number;
    try {
      int dash = name.lastIndexOf('-');
      target = UUID.fromString(name.substring(0, Math.max(dash, 0)));
      number = Long.parseLong(name.substring(dash + 1, name.length() - HintFile.SUFFIX.length()));
    } catch (IllegalArgumentException e) {
      log.warn("{} in {} is not named as a hint file and is left alone", name, directory);
      return;
    }
    try {
      hintsOf(target).recover(number);
    } catch (DamagedHints e) {
      log.error("hints for {} are set aside: {}", target, e.getMessage());
      setAsideBytes += environment.files().size(directory.resolve(name));
      environment.files().rename(directory.resolve(name), directory.resolve(name + ".damaged"));
      environment.files().syncDirectory(directory);
    }
  }

  /** Writes out what has come, and closes the files. */
  public void close(Runnable done) {
    Shard shard = environment.shards().currentOrFirst();
    thread.execute(() -> {
      drain();
      isClosed = true;
      for (TargetHints hints : targets.values()) {
        try {
          hints.close();
        } catch (IOException e) {
          log.error("hints were not synced at the end: {}", e.toString());
        }
      }
      shard.execute(done);
    });
  }

  // ---------------------------------------------------------------------------------------------
  // Taking hints in

  /** Whether a hint would be taken in now; cheap, for any shard. */
  public HintOutcome admits(UUID target, int mutationBytes) {
    return quotas.admits(
        target, HintFile.HINT_HEADER_BYTES + (long) mutationBytes, environment.clock().nanos());
  }

  /**
   * Keeps a mutation for a node that did not get it.
   *
   * @param mutation not copied: nobody writes to it any more
   * @param isDurable whether the callback waits for the disk's sync: so it must when the hint
   *     stands for the write, as at consistency level ANY
   * @param callback called once, on the calling shard
   */
  public void write(
      UUID target, byte[] mutation, boolean isDurable, Consumer<HintOutcome> callback) {
    Shard shard = environment.shards().currentOrFirst();
    HintOutcome admission = admits(target, mutation.length);
    if (admission != HintOutcome.STORED) {
      if (refused.getAndIncrement() % 100_000 == 0) {
        log.warn(
            "a hint for {} is refused: {}; repair the node when it is back", target, admission);
      }
      shard.execute(() -> callback.accept(admission));
      return;
    }
    quotas.buffer(target, HintFile.sizeBytes(mutation));
    arrivals.add(new Arrival(target, mutation, isDurable, shard, callback));
    if (isDrainDue.compareAndSet(false, true)) {
      thread.execute(this::drain);
    }
  }

  private void drain() {
    // Before the queue is read: who comes later starts another round.
    isDrainDue.set(false);
    Map<UUID, List<Arrival>> byTarget = new LinkedHashMap<>();
    for (Arrival next = arrivals.poll(); next != null; next = arrivals.poll()) {
      byTarget.computeIfAbsent(next.target(), id -> new ArrayList<>()).add(next);
    }
    byTarget.forEach(this::store);
    if (!byTarget.isEmpty()) {
      publish();
      syncSoon();
    }
  }

  private void store(UUID target, List<Arrival> batch) {
    List<byte[]> mutations = new ArrayList<>(batch.size());
    long bytes = 0;
    boolean isDurable = false;
    for (Arrival arrival : batch) {
      mutations.add(arrival.mutation());
      bytes += HintFile.sizeBytes(arrival.mutation());
      isDurable |= arrival.isDurable();
    }
    quotas.unbuffer(bytes);
    HintOutcome outcome = HintOutcome.STORED;
    if (isClosed || !append(target, mutations, isDurable)) {
      quotas.add(target, -bytes);
      failed.addAndGet(batch.size());
      outcome = HintOutcome.FAILED;
    } else {
      stored.addAndGet(batch.size());
    }
    for (Arrival arrival : batch) {
      arrival.answer(outcome);
    }
  }

  private boolean append(UUID target, List<byte[]> mutations, boolean isDurable) {
    TargetHints hints = hintsOf(target);
    try {
      long wallMillis = environment.clock().wallMicros() / 1_000;
      long expirySeconds = environment.clock().wallSeconds() + config.ttlSeconds();
      hints.append(mutations, wallMillis, expirySeconds, config.fileBytes());
      if (isDurable) {
        hints.sync();
      }
      return true;
    } catch (IOException e) {
      abandon(target, hints, e);
      return false;
    }
  }

  private void abandon(UUID target, TargetHints hints, IOException cause) {
    try {
      hints.abandonWriting();
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
    log.error("hints for {} could not be written: {}", target, cause.toString(), cause);
  }

  private void syncSoon() {
    if (!isSyncDue && targets.values().stream().anyMatch(TargetHints::isDirty)) {
      isSyncDue = true;
      environment
          .shards()
          .get(0)
          .schedule(config.syncIntervalNanos(), () -> thread.execute(this::syncAll));
    }
  }

  private void syncAll() {
    isSyncDue = false;
    targets.forEach((target, hints) -> {
      try {
        hints.sync();
      } catch (IOException e) {
        abandon(target, hints, e);
      }
    });
  }

  private TargetHints hintsOf(UUID target) {
    return targets.computeIfAbsent(
        target, id -> new TargetHints(environment.files(), directory, id, quotas));
  }

  // ---------------------------------------------------------------------------------------------
  // Handing hints out

  /** The next hints for a target, or null; handed over on {@code shard}. */
  void next(UUID target, Shard shard, Consumer<TargetHints.@Nullable Batch> hand) {
    onThread(
        target,
        () -> {
          TargetHints hints = targets.get(target);
          return hints == null
              ? null
              : hints.next(config.batchBytes(), environment.clock().wallSeconds());
        },
        batch -> shard.execute(() -> hand.accept(batch)));
  }

  /**
   * Hints of a batch that need no delivery any more.
   *
   * @param arrived how many of them were delivered; the rest had expired
   */
  void done(UUID target, long fileNumber, long upToOffset, long arrived, long tooOld) {
    delivered.addAndGet(arrived);
    expired.addAndGet(tooOld);
    onThread(
        target,
        () -> {
          TargetHints hints = targets.get(target);
          if (hints != null) {
            hints.deliveredTo(fileNumber, upToOffset, arrived + tooOld);
          }
          return null;
        },
        nothing -> publish());
  }

  /** A delivery breaks off: remembers how far it came. */
  void checkpoint(UUID target) {
    onThread(
        target,
        () -> {
          TargetHints hints = targets.get(target);
          if (hints != null) {
            hints.checkpoint();
          }
          return null;
        },
        nothing -> {});
  }

  /** Throws away the hints for a target, which then needs repair. The callback comes on a shard. */
  public void truncate(UUID target, Runnable done) {
    Shard shard = environment.shards().currentOrFirst();
    onThread(
        target,
        () -> {
          drain();
          TargetHints hints = targets.get(target);
          if (hints != null) {
            log.info("{} hints for {} are thrown away", hints.truncate(), target);
          }
          return null;
        },
        nothing -> {
          publish();
          shard.execute(done);
        });
  }

  private <T> void onThread(UUID target, FileTask<@Nullable T> task, Consumer<@Nullable T> then) {
    thread.execute(() -> {
      T result = null;
      try {
        result = isClosed ? null : task.run();
      } catch (IOException e) {
        log.error("hints for {} cannot be read: {}", target, e.toString(), e);
      }
      then.accept(result);
    });
  }

  // ---------------------------------------------------------------------------------------------
  // What is known of targets

  /** The target is down: its window begins. */
  public void targetDown(UUID target) {
    quotas.down(target, environment.clock().nanos());
  }

  /** The target is alive: it may be hinted to again. */
  public void targetAlive(UUID target) {
    quotas.alive(target);
  }

  /** Completes, on the shard, when all hints that were written until now stand in the figures. */
  void whenSettled(Shard shard, Runnable then) {
    thread.execute(() -> {
      drain();
      shard.execute(then);
    });
  }

  /** Now, on the monotonic clock. */
  long nanos() {
    return environment.clock().nanos();
  }

  /** Targets that have hints on disk, sorted. */
  List<UUID> waitingTargets() {
    return pending.stream().map(HintStats.Target::target).toList();
  }

  /** Figures, a moment old. Safe from any thread. */
  public HintStats stats() {
    return new HintStats(
        stored.get(),
        refused.get(),
        failed.get(),
        delivered.get(),
        expired.get(),
        damagedBytes,
        pending);
  }

  private void publish() {
    List<HintStats.Target> waiting = new ArrayList<>();
    long damaged = setAsideBytes;
    for (TargetHints hints : targets.values()) {
      damaged += hints.damagedBytes();
      if (!hints.isEmpty()) {
        waiting.add(hints.stats());
      }
    }
    pending = List.copyOf(waiting);
    damagedBytes = damaged;
  }
}
