package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.environment.Shard;
import io.quorate.environment.simulated.PowerLoss;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An engine on a simulated machine whose power may go at any operation of the disk. Each call waits
 * for its answer, or until the machine is down; each answer is of those that the engine may give.
 */
final class CrashingEngine {
  private static final Path DIRECTORY = Path.of("/data");

  /** Right for one partition in twelve: files hold the tokens of the others. */
  private static final Partitioner PARTITIONER =
      (bytes, offset, length) -> bytes[offset] * 0x1555_5555_5555_5555L + Long.MIN_VALUE;

  private static final long PATIENCE_NANOS = 120_000_000_000L;

  final String name;
  final SimulatedWorld world;
  final SimulatedHost host;
  private final Random random;
  private final RandomOptions randomOptions;
  private final EngineOptions options;
  private final UnaryOperator<FileSystem> disk;
  private final Consumer<StorageEngine> prepare;

  /** Whether bits of SSTables flip: reads and background work may then fail, but never lie. */
  private final boolean damaging;

  int failedReads;
  CountedEvents events = new CountedEvents();
  Environment environment;
  StorageEngine engine;

  /**
   * @param disk what the engine has instead of the machine's disk
   * @param prepare done to each engine that is started
   */
  CrashingEngine(
      long seed,
      Random random,
      RandomOptions randomOptions,
      boolean roomyCache,
      boolean damaging,
      UnaryOperator<FileSystem> disk,
      Consumer<StorageEngine> prepare)
      throws IOException {
    this.name = "seed " + seed;
    this.random = random;
    this.randomOptions = randomOptions;
    this.damaging = damaging;
    this.disk = disk;
    this.prepare = prepare;
    this.world = new SimulatedWorld(seed);
    this.host = world.addHost("node", 1 + random.nextInt(3));
    this.options = randomOptions.engine(roomyCache);
    this.environment = bootedEnvironment();
    this.engine = opened();
  }

  private Environment bootedEnvironment() {
    Environment real = host.boot();
    return new Environment(
        real.clock(),
        real.shards(),
        real.background(),
        real.messaging(),
        real.network(),
        disk.apply(real.files()),
        real.random());
  }

  private StorageEngine opened() throws IOException {
    events = new CountedEvents();
    StorageEngine opened = StorageEngine.open(environment, DIRECTORY, PARTITIONER, options, events);
    opened.maintenance().configure(randomOptions.compactions());
    prepare.accept(opened);
    return opened;
  }

  boolean isUp() {
    return host.isUp();
  }

  long nowSeconds() {
    return environment.clock().wallSeconds();
  }

  /** Starts the machine and the engine anew, once more when the power goes meanwhile. */
  void restart() {
    while (true) {
      try {
        environment = bootedEnvironment();
        if (random.nextInt(3) == 0) {
          host.disk().losePowerAt(1 + random.nextInt(20));
        } else {
          host.disk().cancelPowerLoss();
        }
        engine = opened();
        host.disk().cancelPowerLoss();
        assertThat(events.damaged).as(name + ": what a power loss leaves is no damage").isEmpty();
        assertThat(events.missing).as(name + ": what was given up is not missed").isEmpty();
        return;
      } catch (PowerLoss e) {
        // Recovery that is interrupted must itself be recovered from.
      } catch (IOException e) {
        throw new AssertionError(name + ": the engine does not open", e);
      }
    }
  }

  void flipABit() throws IOException {
    List<Path> tables =
        host.disk().files().stream().filter(file -> file.toString().endsWith(".sst")).toList();
    if (!tables.isEmpty()) {
      host.disk().flipBit(tables.get(random.nextInt(tables.size())));
    }
  }

  /** Waits for an administrative action; false when the power went meanwhile. */
  boolean await(Consumer<Consumer<@Nullable IOException>> action) {
    List<@Nullable IOException> answer = new ArrayList<>();
    action.accept(answer::add);
    world.runUntil(() -> !answer.isEmpty() || !isUp(), PATIENCE_NANOS);
    if (!isUp()) {
      return false;
    }
    assertThat(answer).as(name + ": it was answered").hasSize(1);
    if (!damaging) {
      assertThat(answer.getFirst()).as(name).isNull();
    }
    return true;
  }

  /** Waits for it, or goes on while it runs. */
  void awaitOrGoOn(Consumer<Consumer<@Nullable IOException>> action) {
    if (random.nextBoolean()) {
      await(action);
    } else {
      action.accept(failure -> {});
    }
  }

  /** Waits for an answer; false when the power went meanwhile, or damage was in the way. */
  <T> boolean succeeds(Consumer<Snapshots.Answer<T>> action) {
    List<Boolean> answers = new ArrayList<>();
    action.accept(
        new Snapshots.Answer<T>() {
          @Override
          public void succeeded(T value) {
            // What had been put aside before is not in a snapshot, which says so.
            answers.add(!(value instanceof SnapshotManifest made) || isWhole(made));
          }

          @Override
          public void failed(IOException why) {
            if (!damaging) {
              throw new AssertionError(name + ": a snapshot", why);
            }
            answers.add(false);
          }
        });
    world.runUntil(() -> !answers.isEmpty() || !isUp(), PATIENCE_NANOS);
    assertThat(!answers.isEmpty() || !isUp()).as(name + ": it was answered").isTrue();
    return isUp() && answers.getFirst();
  }

  private static boolean isWhole(SnapshotManifest snapshot) {
    return snapshot.tables().stream()
        .flatMap(table -> table.files().stream())
        .noneMatch(SnapshotManifest.DataFile::missing);
  }

  /** A write and what becomes of it. */
  record Write(Mutation mutation, ModelTable.Partition partition) {}

  /** Sends writes and waits for them; those that the power cuts off stay unknown. */
  void apply(List<Write> writes) {
    List<Write> pending = new ArrayList<>(writes);
    for (Write write : writes) {
      Mutation mutation = write.mutation;
      ModelTable.Partition partition = write.partition;
      Shard owner = environment.shards().owner(mutation.token());
      owner.execute(() ->
          engine.apply(
              mutation,
              owner,
              outcome -> {
                pending.remove(write);
                if (outcome instanceof ApplyOutcome.Applied) {
                  partition.acknowledge(mutation);
                } else if (outcome instanceof ApplyOutcome.Overloaded) {
                  partition.unknown.remove(mutation);
                } else {
                  throw new AssertionError(name + ": " + outcome);
                }
              }));
    }
    world.runUntil(() -> pending.isEmpty() || !isUp(), PATIENCE_NANOS);
    assertThat(pending.isEmpty() || !isUp()).as(name + ": writes are answered").isTrue();
  }

  /** An answer; null when the power went, or reading failed where it may. */
  private @Nullable ReadResult read(ReadCommand command) {
    AtomicReference<@Nullable ReadOutcome> answer = new AtomicReference<>();
    environment.shards().owner(command.token()).execute(() -> engine.read(command, answer::set));
    world.runUntil(() -> answer.get() != null || !isUp(), PATIENCE_NANOS);
    if (isFailed(answer.get())) {
      return null;
    }
    assertThat(answer.get()).as(name + ": a read is answered").isInstanceOf(ReadResult.class);
    return (ReadResult) answer.get();
  }

  @Nullable RangePage readPage(int shard, RangeCommand command) {
    AtomicReference<@Nullable RangeOutcome> answer = new AtomicReference<>();
    environment.shards().get(shard).execute(() -> engine.readRange(command, answer::set));
    world.runUntil(() -> answer.get() != null || !isUp(), PATIENCE_NANOS);
    if (isFailed(answer.get())) {
      return null;
    }
    assertThat(answer.get()).as(name + ": a page is answered").isInstanceOf(RangePage.class);
    return (RangePage) answer.get();
  }

  private boolean isFailed(@Nullable Object outcome) {
    if (!isUp()) {
      return true;
    }
    boolean failed = damaging && outcome instanceof ReadFailure;
    failedReads += failed ? 1 : 0;
    return failed;
  }

  /** Reads piece by piece, where one answer would cost too much; null when reading failed. */
  @Nullable ReadResult readToEnd(UUID tableId, RangePosition at, ReadLimits limits) {
    FragmentMerger pieces = new FragmentMerger().begin();
    ReadLimits rest = limits;
    int liveRows = 0;
    while (true) {
      ReadResult piece = read(new ReadCommand(tableId, at.token(), at.key(), rest));
      if (piece == null) {
        return null;
      }
      pieces.add(piece.fragment());
      liveRows += piece.liveRows();
      byte[] reached = piece.reached();
      if (reached == null || liveRows == limits.liveRows()) {
        return new ReadResult(pieces.merge(), liveRows, reached);
      }
      rest = behind(rest, reached, limits.liveRows() - liveRows);
      if (rest.slices().isEmpty()) {
        return new ReadResult(pieces.merge(), liveRows, null);
      }
    }
  }

  private static ReadLimits behind(ReadLimits limits, byte[] reached, int liveRows) {
    byte[] after = RowKeys.after(reached, 0, reached.length);
    List<Slice> slices = new ArrayList<>();
    for (Slice slice : limits.slices()) {
      byte[] start = slice.start();
      byte[] end = slice.end();
      if (limits.reversed()) {
        end = Arrays.compareUnsigned(end, reached) > 0 ? reached : end;
      } else {
        start = Arrays.compareUnsigned(start, after) < 0 ? after : start;
      }
      if (Arrays.compareUnsigned(start, end) < 0) {
        slices.add(new Slice(start, end));
      }
    }
    int wanted = limits.liveRows() == Integer.MAX_VALUE ? Integer.MAX_VALUE : liveRows;
    return new ReadLimits(slices, false, limits.reversed(), wanted, limits.nowSeconds());
  }
}
