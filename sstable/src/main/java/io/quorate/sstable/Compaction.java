package io.quorate.sstable;

import io.quorate.environment.Clock;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites SSTables in the background: what the table's {@link CompactionStrategy} says is due, and
 * what administrators ask for by {@link Maintenance}.
 *
 * <p>One thread decides; the work is done by others, a job on one of them at a time, in steps of a
 * few milliseconds. Between two steps a job can be cancelled, waits when it has read more than the
 * throughput allows, and passes once through a shard's queue, so that it slows down as the shards
 * become busy. A job that fails leaves everything as it was, and its table is left alone for a
 * while, longer after each failure.
 *
 * <p>All methods but {@link #consider}, {@link #request} and {@link #stop} run on the deciding
 * thread, unless they say otherwise.
 */
final class Compaction {
  /** A shard that takes longer than this to come to a task is busy. */
  private static final long BUSY_NANOS = 1_000_000;

  private static final long LONGEST_YIELD_NANOS = 20_000_000;
  private static final long SPACE_RETRY_NANOS = 60_000_000_000L;

  private final Environment environment;
  private final Clock clock;
  private final StorageEngine engine;
  private final StorageEvents events;
  private final Executor thread;
  private final Throughput throughput = new Throughput(CompactionOptions.DEFAULT.bytesPerSecond());
  private volatile CompactionOptions options = CompactionOptions.DEFAULT;
  private boolean stopped;

  /** Threads that are free, and how many there are in all. */
  private final ArrayDeque<Executor> idle = new ArrayDeque<>();

  private int threads;

  /** Jobs that were asked for and wait for a thread. */
  private final ArrayDeque<Running> ready = new ArrayDeque<>();

  /** Tables of which it is not known that nothing is due, the next in turn first. */
  private final Set<Table> considered = new LinkedHashSet<>();

  private int pendingDue;

  private final List<Running> running = new ArrayList<>();
  private final List<Stop> stops = new ArrayList<>();

  private volatile int runningCount;
  private volatile int pendingCount;
  private final AtomicLong completed = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong readBytes = new AtomicLong();
  private final AtomicLong writtenBytes = new AtomicLong();

  /** A job with the request it belongs to, or none when it was due. */
  private record Running(
      CompactionJob job,
      StorageTask task,
      String why,
      long sinceNanos,
      @Nullable MaintenanceRequest request) {}

  /** Waits for the end of what runs on a table, or on all when it is null. */
  private record Stop(@Nullable Table table, Runnable then) {}

  Compaction(Environment environment, StorageEngine engine, StorageEvents events) {
    this.environment = environment;
    this.clock = environment.clock();
    this.engine = engine;
    this.events = events;
    this.thread = environment.background().serial("compaction");
  }

  /** What has expired is due without a flush that would say so. */
  private void planLook(Table table) {
    long nanos = TimeUnit.SECONDS.toNanos(table.settings().compaction().expiredCheckSeconds());
    int number = table.compactions.planLook(nanos);
    if (number > 0) {
      Runnable look =
          () -> {
            if (table.compactions.beginLook(number)) {
              considerNow(table);
            }
          };
      environment.shards().get(0).schedule(nanos, () -> thread.execute(look));
    }
  }

  /** Takes other options from now on. May be called on any thread. */
  void configure(CompactionOptions next) {
    throughput.set(next.bytesPerSecond());
    thread.execute(() -> {
      options = next;
      schedule();
    });
  }

  CompactionStats stats() {
    return new CompactionStats(
        pendingCount,
        runningCount,
        completed.get(),
        failed.get(),
        readBytes.get(),
        writtenBytes.get());
  }

  /** Looks, in the background, whether something is due, and does it. May be called anywhere. */
  void consider(Table table) {
    thread.execute(() -> considerNow(table));
  }

  private void considerNow(Table table) {
    if (!stopped && !table.compactions.isClosed()) {
      planLook(table);
      considered.add(table);
      schedule();
    }
  }

  /** Takes a request. May be called on any thread. */
  void request(MaintenanceRequest request) {
    thread.execute(() -> {
      request.table.compactions.waiting.add(request);
      beginWaiting(request.table);
      schedule();
    });
  }

  /**
   * Cancels what runs on a table, or on all, and begins nothing more there. May be called on any
   * thread.
   *
   * @param then run once nothing runs any more
   */
  void stop(@Nullable Table table, Runnable then) {
    thread.execute(() -> {
      if (table == null) {
        stopped = true;
      } else {
        table.compactions.close();
        notePending(table, 0);
      }
      for (Running each : running) {
        if (table == null || each.job.table == table) {
          each.task.cancel();
        }
      }
      stops.add(new Stop(table, then));
      endStops();
    });
  }

  private void endStops() {
    for (Stop stop : List.copyOf(stops)) {
      if (running.stream().noneMatch(r -> stop.table == null || r.job.table == stop.table)) {
        stops.remove(stop);
        stop.then.run();
      }
    }
  }

  /** Begins the next request of a table when nothing else is done to it. */
  private void beginWaiting(Table table) {
    CompactionQueue queue = table.compactions;
    while (!stopped && !queue.isClosed() && queue.isIdle() && !queue.waiting.isEmpty()) {
      MaintenanceRequest request = queue.waiting.remove();
      List<CompactionJob> jobs = request.begin();
      if (jobs.isEmpty()) {
        request.end();
      } else {
        queue.current = request;
        for (CompactionJob job : jobs) {
          String why = request.task.kind().toString().toLowerCase(Locale.ROOT);
          ready.add(new Running(job, request.task, why, clock.nanos(), request));
        }
      }
    }
  }

  /** Gives work to free threads. */
  private void schedule() {
    while (threads < options.threads()) {
      idle.add(environment.background().serial("compaction-" + threads));
      threads++;
    }
    while (!stopped && !idle.isEmpty() && running.size() < options.threads()) {
      Running next = ready.isEmpty() ? nextDue() : ready.remove();
      if (next == null) {
        return;
      }
      begin(next, idle.remove());
    }
  }

  /** The most urgent job of the table whose turn it is. */
  private @Nullable Running nextDue() {
    for (Table table : List.copyOf(considered)) {
      considered.remove(table);
      Due due = due(table);
      if (due != null) {
        considered.add(table);
        StorageTask task = new StorageTask(StorageTask.Kind.COMPACTION, table.id());
        CompactionJob job =
            engine.maintenance().merge(table, table.version().tables(), due.plan, task);
        task.begin(due.plan.inputBytes());
        events.taskBegan(task);
        return new Running(job, task, due.why, clock.nanos(), null);
      }
    }
    return null;
  }

  /** A plan, and why it is due. */
  private record Due(String why, CompactionPlan plan) {}

  private @Nullable Due due(Table table) {
    CompactionSettings settings = table.settings().compaction();
    CompactionPlan postponed = null;
    boolean moved = true;
    while (moved && settings.enabled() && table.compactions.isOpen()) {
      moved = false;
      List<SSTable> tables = table.version().tables();
      List<SSTable> expired =
          table.compactions.expired(tables, sstable -> purgeableBefore(table, sstable));
      if (!expired.isEmpty()) {
        return new Due("everything has expired", rewriting(table, expired));
      }
      String why = "due";
      List<CompactionPlan> plans = settings.strategy().due(table.compactions.candidates(tables));
      if (plans.isEmpty()) {
        why = "tombstones";
        plans = alone(table, tables, settings.tombstones());
      }
      notePending(table, plans.size());
      for (CompactionPlan plan : plans) {
        if (plan.isMove()) {
          move(table, tables, plan);
          moved = true;
          break;
        }
        CompactionPlan fitting = fitting(table, plan);
        if (fitting != null) {
          return new Due(why, fitting);
        }
        postponed = plan;
      }
    }
    if (postponed != null) {
      events.compactionPostponed(table.directory(), postponed.inputBytes(), usableBytes(table));
      pause(table, SPACE_RETRY_NANOS);
    }
    return null;
  }

  /** SSTables as they are, into one on the same level. */
  private static CompactionPlan rewriting(Table table, List<SSTable> sstables) {
    return new CompactionPlan(
        table.compactions.candidates(sstables),
        sstables.getFirst().level(),
        List.of(),
        Long.MAX_VALUE,
        false);
  }

  private List<CompactionPlan> alone(Table table, List<SSTable> tables, TombstoneRule rule) {
    return table
        .compactions
        .worthAlone(tables, rule, sstable -> purgeableBefore(table, sstable), clock.wallSeconds())
        .stream()
        .map(sstable -> rewriting(table, List.of(sstable)))
        .toList();
  }

  private long purgeableBefore(Table table, SSTable sstable) {
    long token = sstable.statistics().minToken();
    return engine
        .purgeRule()
        .purgeableBeforeSeconds(table.id(), table.settings(), token, clock.wallSeconds());
  }

  private void notePending(Table table, int plans) {
    pendingDue += plans - table.compactions.due;
    table.compactions.due = plans;
    pendingCount = pendingDue + ready.size();
  }

  private void move(Table table, List<SSTable> tables, CompactionPlan plan) {
    long number = plan.inputs().getFirst().number();
    try {
      for (SSTable sstable : tables) {
        if (sstable.number() == number) {
          table.move(sstable, plan.level());
        }
      }
    } catch (IOException e) {
      events.backgroundWorkFailed("moving a table of " + table.directory(), e);
      pause(table, table.compactions.failedNanos());
    }
  }

  /** A plan that fits into the space that may be used: the same, a smaller one, or none. */
  private @Nullable CompactionPlan fitting(Table table, CompactionPlan plan) {
    long usable = usableBytes(table);
    List<CompactionCandidate> inputs = new ArrayList<>(plan.inputs());
    long bytes = plan.inputBytes();
    inputs.sort((a, b) -> Long.compare(a.bytes(), b.bytes()));
    while (bytes > usable && plan.divisible() && inputs.size() > 2) {
      bytes -= inputs.removeLast().bytes();
    }
    if (bytes > usable) {
      return null;
    }
    return inputs.size() == plan.inputs().size()
        ? plan
        : new CompactionPlan(
            inputs, plan.level(), plan.boundaries(), plan.outputBytes(), plan.divisible());
  }

  /** What a further job may fill of the disk. */
  private long usableBytes(Table table) {
    try {
      long free = engine.usableBytes(table.directory());
      long taken = 0;
      for (Running each : running) {
        taken += each.job.spaceBytes();
      }
      return (long) (free * options.maxSpaceShare()) - taken;
    } catch (IOException e) {
      events.backgroundWorkFailed("asking for the free space of " + table.directory(), e);
      return 0;
    }
  }

  private void pause(Table table, long nanos) {
    table.compactions.pause();
    environment
        .shards()
        .get(0)
        .schedule(
            nanos,
            () ->
                thread.execute(() -> {
                  table.compactions.resume();
                  considered.add(table);
                  schedule();
                }));
  }

  private void begin(Running work, Executor worker) {
    CompactionJob job = work.job;
    long usable = work.request == null ? Long.MAX_VALUE : usableBytes(job.table);
    job.table.compactions.began(job.inputs);
    running.add(work);
    runningCount = running.size();
    if (job.spaceBytes() > usable) {
      IOException noSpace =
          new IOException(
              String.format(
                  "%d bytes are needed to rewrite SSTables, and only %d may be used",
                  job.spaceBytes(), Math.max(0, usable)));
      ended(work, worker, noSpace, false);
      return;
    }
    // The memtables first: one that is flushed in between is then seen twice, and not missed.
    askShard(
        job.table,
        0,
        Long.MAX_VALUE,
        leastTimestampMicros ->
            worker.execute(() -> {
              List<SSTable> retained = job.table.retainAll();
              if (retained.containsAll(job.inputs)) {
                job.begin(leastTimestampMicros, retained);
                step(work, worker, retained);
              } else {
                // Truncated, dropped or put aside meanwhile.
                end(work, worker, retained, null);
              }
            }));
  }

  private void askShard(Table table, int index, long leastSoFar, LongConsumer done) {
    if (index == environment.shards().count()) {
      done.accept(leastSoFar);
      return;
    }
    environment
        .shards()
        .get(index)
        .execute(() -> {
          long least = engine.shard(index).minTimestampMicros(table.id());
          askShard(table, index + 1, Math.min(leastSoFar, least), done);
        });
  }

  /** Runs on the job's thread. */
  private void step(Running work, Executor worker, List<SSTable> retained) {
    CompactionJob job = work.job;
    IOException failure = null;
    boolean over;
    try {
      over = job.isCancelled() || job.step(options.stepEntries());
      if (over && !job.isCancelled()) {
        job.complete();
        completed.incrementAndGet();
        writtenBytes.addAndGet(job.writtenBytes());
      }
    } catch (IOException e) {
      over = true;
      failure = e;
    } catch (MalformedException e) {
      over = true;
      failure = new IOException("an SSTable of " + job.table.directory() + " is malformed", e);
    }
    long bytes = job.takeUnpaidBytes();
    readBytes.addAndGet(bytes);
    if (over) {
      end(work, worker, retained, failure);
    } else {
      pauseBetweenSteps(bytes, () -> worker.execute(() -> step(work, worker, retained)));
    }
  }

  /** Lets requests go first, and keeps to the throughput. Runs on the job's thread. */
  private void pauseBetweenSteps(long bytes, Runnable then) {
    long sent = clock.nanos();
    long delay = throughput.delayNanos(bytes, sent);
    Shard shard = environment.shards().currentOrFirst();
    if (delay > BUSY_NANOS) {
      shard.schedule(delay, then);
      return;
    }
    shard.execute(() -> {
      long waited = clock.nanos() - sent;
      if (waited > BUSY_NANOS) {
        shard.schedule(Math.min(waited, LONGEST_YIELD_NANOS), then);
      } else {
        then.run();
      }
    });
  }

  /** Runs on the job's thread. */
  private void end(
      Running work, Executor worker, List<SSTable> retained, @Nullable IOException failure) {
    CompactionJob job = work.job;
    boolean cancelled = job.isCancelled() && failure == null;
    try {
      job.abandon();
    } catch (IOException e) {
      events.backgroundWorkFailed("removing what a compaction left behind", e);
    }
    engine.release(retained);
    if (failure instanceof CorruptFileException corrupt) {
      engine.quarantine(job.table, corrupt);
    }
    thread.execute(() -> ended(work, worker, failure, cancelled));
  }

  private void ended(
      Running work, Executor worker, @Nullable IOException failure, boolean cancelled) {
    Table table = work.job.table;
    CompactionQueue queue = table.compactions;
    running.remove(work);
    runningCount = running.size();
    idle.add(worker);
    queue.ended(work.job.inputs);
    if (table.settings().compaction().logsAll()) {
      events.compactionEnded(table.directory(), account(work, failure, cancelled));
    }
    if (failure != null) {
      failed.incrementAndGet();
    }
    if (work.request == null) {
      endDue(work, failure, cancelled);
    } else {
      work.request.ended(work.job, failure, cancelled);
      if (work.request.isOver()) {
        queue.current = null;
        work.request.end();
      }
    }
    considered.add(table);
    beginWaiting(table);
    endStops();
    schedule();
  }

  /** What was chosen, why, and what came of it. */
  private String account(Running work, @Nullable IOException failure, boolean cancelled) {
    List<String> inputs = new ArrayList<>();
    for (SSTable input : work.job.inputs) {
      inputs.add(
          String.format(
              "%d (%d bytes, level %d)", input.number(), input.fileBytes(), input.level()));
    }
    String result = "wrote " + work.job.writtenBytes() + " bytes";
    if (failure != null) {
      result = "failed: " + failure.getMessage();
    } else if (cancelled) {
      result = "was cancelled";
    }
    long millis = TimeUnit.NANOSECONDS.toMillis(clock.nanos() - work.sinceNanos);
    return work.why + ": " + String.join(", ", inputs) + "; " + result + " in " + millis + " ms";
  }

  private void endDue(Running work, @Nullable IOException failure, boolean cancelled) {
    Table table = work.job.table;
    if (failure != null) {
      work.task.end(StorageTask.State.FAILED, failure.getMessage());
      if (!(failure instanceof CorruptFileException)) {
        events.backgroundWorkFailed("compacting " + table.directory(), failure);
      }
      pause(table, table.compactions.failedNanos());
    } else if (cancelled) {
      work.task.end(StorageTask.State.CANCELLED, null);
      pause(table, SPACE_RETRY_NANOS);
    } else {
      work.task.end(StorageTask.State.DONE, null);
      table.compactions.succeeded();
    }
  }
}
