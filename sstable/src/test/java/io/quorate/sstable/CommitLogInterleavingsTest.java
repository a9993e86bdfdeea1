package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import io.quorate.environment.Background;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import io.quorate.environment.Timer;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a write is never answered, or is answered and not in the log, when a shard and
 * the log's thread meet at the one wrong instant. Lincheck runs the real {@link CommitLog} and its
 * {@link LogAppender}s through interleavings of two shards and the log's thread.
 *
 * <p>What else threads of this module share is a value swapped as a whole. A memtable is not
 * shared: one thread has it at a time, and it is frozen before it is handed on.
 */
class CommitLogInterleavingsTest {
  private static final Set<String> ONE_THREAD =
      Set.of(
          ByteReader.class.getName(),
          ByteWriter.class.getName(),
          CommitLogFormat.class.getName(),
          CommitLogReplay.class.getName(),
          CommitLogSegments.class.getName());
  private static final int SHARD = 1_000;
  private static final Mutation MUTATION =
      Mutation.of(new FragmentWriter().begin(EngineFixture.TABLE, 0, new byte[1]).finish());
  private static final Path LOG = Path.of("/log");

  @Test
  void everyWriteIsAnsweredAndStandsInTheLogOnce() {
    scenarios().check(TwoShards.class);
  }

  /** A negative control: a wake-up that comes while the log's thread works is lost. */
  @Test
  void aThreadThatOversleepsIsFoundOut() {
    assertThatThrownBy(() -> scenarios().check(Oversleeping.class))
        .hasMessageContaining("a shard's writes are in the log");
  }

  /** A negative control: a shard is not one thread. */
  @Test
  void aShardOfTwoThreadsIsFoundOut() {
    assertThatThrownBy(() -> scenarios().check(SharedShard.class))
        .hasMessageContaining("validate has failed");
  }

  private static ModelCheckingOptions scenarios() {
    return new ModelCheckingOptions()
        .iterations(3)
        .invocationsPerIteration(60)
        .threads(3)
        .actorsPerThread(3)
        .actorsBefore(1)
        .actorsAfter(0)
        .addGuarantee(forClasses(CommitLogInterleavingsTest::isOfOneThread).allMethods().ignore())
        .addGuarantee(forClasses(Bench.class.getName()).methods("check").ignore())
        .minimizeFailedScenario(false)
        .sequentialSpecification(NothingToSee.class);
  }

  /** Bytes and the simulated disk are touched by one thread at a time; no switch is tried there. */
  private static boolean isOfOneThread(String className) {
    return className.startsWith("io.quorate.environment.simulated.")
        || ONE_THREAD.contains(className);
  }

  /** No operation returns anything: what counts is found in the end. */
  public static class NothingToSee {
    public void write0() {}

    public void write1() {}

    public void writeSome() {}

    public void run0() {}

    public void run1() {}

    public void runLog() {}
  }

  /** Two shards that write, and the log's thread; each runs what was queued on it when it likes. */
  public static class TwoShards extends Bench {
    @Operation(nonParallelGroup = "shard 0")
    public void write0() {
      write(0, SyncMode.BATCH);
    }

    @Operation(nonParallelGroup = "shard 0")
    public void writeSome() {
      write(0, SyncMode.GROUP);
      write(0, SyncMode.GROUP);
    }

    @Operation(nonParallelGroup = "shard 0")
    public void run0() {
      shards.get(0).runQueued();
    }

    @Operation(nonParallelGroup = "shard 1")
    public void write1() {
      write(1, SyncMode.BATCH);
    }

    @Operation(nonParallelGroup = "shard 1")
    public void run1() {
      shards.get(1).runQueued();
    }

    @Operation(nonParallelGroup = "log")
    public void runLog() {
      logThread.runQueued();
    }

    @Validate
    public void validate() throws IOException {
      check();
    }
  }

  public static class Oversleeping extends TwoShards {
    public Oversleeping() {
      logThread.oversleeps = true;
    }
  }

  public static class SharedShard extends Bench {
    @Operation
    public void write0() {
      write(0, SyncMode.BATCH);
    }

    @Operation(nonParallelGroup = "log")
    public void runLog() {
      logThread.runQueued();
    }

    @Validate
    public void validate() throws IOException {
      check();
    }
  }

  /** A log, with threads that run when they are told to. */
  public abstract static class Bench {
    final QueueThread logThread = new QueueThread();
    final List<QueueShard> shards = List.of(new QueueShard(0), new QueueShard(1));
    private final QueueThread segments = new QueueThread();
    private final Environment environment;
    private final CommitLog log;
    private final int[] writtenBy = new int[2];
    private final Queue<Integer> answered = new ConcurrentLinkedQueue<>();

    Bench() {
      Background background =
          new Background() {
            @Override
            public Executor serial(String name) {
              return name.equals("commitlog") ? logThread : segments;
            }

            @Override
            public Executor pool() {
              return segments;
            }
          };
      Environment simulated = new SimulatedWorld(1).addHost("node", 1).boot();
      environment =
          new Environment(
              simulated.clock(),
              new Shards(shards),
              background,
              simulated.messaging(),
              simulated.network(),
              simulated.files(),
              simulated.random());
      try {
        environment.files().createDirectories(LOG);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      log =
          new CommitLog(
              environment,
              new CommitLog.Beginning(LOG, null, 1, EarlierSegments.NONE),
              EngineFixture.SMALL,
              new StorageEvents() {},
              before -> {});
    }

    /**
     * Writes have numbers: the shard's thousand, and counted from there. Every other is awaited on
     * the other shard.
     */
    final void write(int shard, SyncMode mode) {
      int number = shard * SHARD + writtenBy[shard]++;
      LogAppender appender = log.appender(shard);
      require(appender.append(number, MUTATION) == null, "a write is taken");
      appender.whenDurable(
          mode,
          shards.get(number % 2),
          outcome -> {
            require(outcome instanceof ApplyOutcome.Applied, "a write is applied");
            answered.add(number);
          });
    }

    final void check() throws IOException {
      while (logThread.runQueued() || shards.get(0).runQueued() || shards.get(1).runQueued()) {
        // What a task queues is run, too.
      }
      List<List<Integer>> stored = List.of(new ArrayList<>(), new ArrayList<>());
      CommitLogReplay replay = new CommitLogReplay(environment, LOG, LOG, new StorageEvents() {});
      replay.begin();
      while (replay.next()) {
        replay.deliver((segmentId, number, mutation) -> stored.get(number / SHARD).add(number));
      }
      List<Integer> answers = new ArrayList<>(answered);
      answers.sort(null);
      List<Integer> written = new ArrayList<>();
      for (int shard = 0; shard < 2; shard++) {
        List<Integer> its = new ArrayList<>();
        for (int i = 0; i < writtenBy[shard]; i++) {
          its.add(shard * SHARD + i);
        }
        require(stored.get(shard).equals(its), "a shard's writes are in the log once, in order");
        written.addAll(its);
      }
      require(answers.equals(written), "every write is answered");
    }

    private static void require(boolean holds, String what) {
      if (!holds) {
        throw new AssertionError(what);
      }
    }
  }

  static class QueueThread implements Executor {
    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private volatile boolean running;
    boolean oversleeps;

    @Override
    public void execute(Runnable task) {
      if (!oversleeps || !running) {
        queue.add(task);
      }
    }

    /** Returns whether there was anything to do. */
    final boolean runQueued() {
      Runnable task = queue.poll();
      if (task == null) {
        return false;
      }
      while (task != null) {
        running = true;
        task.run();
        running = false;
        task = queue.poll();
      }
      return true;
    }
  }

  static final class QueueShard extends QueueThread implements Shard {
    private final int index;

    QueueShard(int index) {
      this.index = index;
    }

    @Override
    public int index() {
      return index;
    }

    @Override
    public boolean isCurrent() {
      return true;
    }

    @Override
    public Timer schedule(long delayNanos, Runnable task) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void afterCurrentBatch(Runnable task) {
      execute(task);
    }
  }
}
