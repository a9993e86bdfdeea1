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
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An engine on a simulated machine beside a model of what it must hold. The model is, for each
 * partition, the list of all updates that were acknowledged, and those of which it is not known
 * whether they took effect, because the power went while they were under way.
 */
final class EngineModel {
  private static final Path DIRECTORY = Path.of("/data");
  private static final long PATIENCE_NANOS = 120_000_000_000L;

  final SimulatedWorld world;
  final SimulatedHost host;
  final UUID tableId = new UUID(0x51, 0x52);
  private final Random random;
  private final String name;
  private final UnaryOperator<FileSystem> disk;
  private final EngineOptions options;
  private final TableSettings settings;
  private final RandomFragments fragments;
  private final boolean exact;

  /** Whether bits of SSTables flip: reads and background work may then fail, but never lie. */
  private boolean damaging;

  int failedReads;
  private Environment environment;
  private CountedEvents events = new CountedEvents();
  private StorageEngine engine;

  /** Partitions by position; the model's order is the engine's. */
  private final TreeMap<RangePosition, Partition> partitions = new TreeMap<>();

  /** All updates of a partition. */
  private static final class Partition {
    final List<byte[]> acknowledged = new ArrayList<>();
    final List<Mutation> unknown = new ArrayList<>();

    byte[] merged(byte[]... more) {
      return limited(ReadLimits.all(RowMerger.NEVER_SECONDS), more).fragment();
    }

    ReadResult limited(ReadLimits limits, byte[]... more) {
      FragmentMerger merger = new FragmentMerger().begin();
      acknowledged.forEach(merger::add);
      unknown.forEach(
          update -> merger.add(update.bytes(), update.fragmentOffset(), update.fragmentLength()));
      for (byte[] fragment : more) {
        merger.add(fragment);
      }
      return merger.merge(limits);
    }
  }

  /**
   * @param exact compares bytes, tombstones included; otherwise what a client would see, while
   *     tombstones are purged as early as can be
   */
  EngineModel(long seed, boolean exact, UnaryOperator<FileSystem> disk) throws IOException {
    this(seed, exact, disk, false);
  }

  /**
   * @param roomyCache with a cache that evicts nothing, which alone is the same in every run
   */
  EngineModel(long seed, boolean exact, UnaryOperator<FileSystem> disk, boolean roomyCache)
      throws IOException {
    this.random = new Random(seed);
    this.name = "seed " + seed;
    this.exact = exact;
    this.disk = disk;
    this.world = new SimulatedWorld(seed);
    this.host = world.addHost("node", 1 + random.nextInt(3));
    SyncMode mode = random.nextBoolean() ? SyncMode.GROUP : SyncMode.BATCH;
    this.options =
        new EngineOptions(
            mode,
            100,
            (4 << 10) << random.nextInt(4),
            (16 << 10) << random.nextInt(5),
            (64 << 10) << random.nextInt(5),
            random.nextBoolean() ? 3_600_000 : 1 + random.nextInt(100),
            roomyCache ? 1L << 30 : (8 << 10) << random.nextInt(8),
            0,
            new ReadEffort(32 << random.nextInt(12), 2 << random.nextInt(8)));
    this.settings =
        new TableSettings(
            random.nextBoolean() ? 0.01 : 1.0,
            List.of(Compression.NONE, Compression.LZ4, Compression.ZSTD).get(random.nextInt(3)),
            256 << random.nextInt(5),
            exact ? 1_000_000_000L : 0,
            random.nextBoolean() ? Durability.GROUP : Durability.OF_THE_NODE,
            randomCompaction(random));
    this.fragments = new RandomFragments(seed, 6);
    if (exact) {
      fragments.withBaseSeconds(4_000_000_000L);
    } else {
      fragments.withMonotoneTimestamps();
    }
    this.environment = bootedEnvironment();
    this.engine = opened();
    createTable();
  }

  private static CompactionSettings randomCompaction(Random random) {
    String least = Integer.toString(2 + random.nextInt(3));
    return new CompactionSettings(
        switch (random.nextInt(4)) {
          case 0 -> Map.of("class", "SizeTieredCompactionStrategy", "min_threshold", least);
          case 1 ->
              Map.of(
                  "class",
                  "TimeWindowCompactionStrategy",
                  "compaction_window_unit",
                  "MINUTES",
                  "min_threshold",
                  least);
          case 2 -> Map.of("class", "LeveledCompactionStrategy", "sstable_size_in_mb", "1");
          default ->
              Map.of(
                  "class",
                  "UnifiedCompactionStrategy",
                  "scaling_parameters",
                  List.of("T2", "L3", "N", "T4").get(random.nextInt(4)),
                  "target_sstable_size",
                  "2KiB",
                  "min_sstable_size",
                  "512",
                  "flush_size_override",
                  "512");
        });
  }

  EngineModel damaging() {
    damaging = true;
    return this;
  }

  StorageEngine engine() {
    return engine;
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

  private void createTable() {
    await(done -> engine.createTable(tableId, settings, done));
  }

  /** Waits for an administrative action; false when the power went meanwhile. */
  private boolean await(Consumer<Consumer<@Nullable IOException>> action) {
    List<@Nullable IOException> answer = new ArrayList<>();
    action.accept(answer::add);
    world.runUntil(() -> !answer.isEmpty() || !host.isUp(), PATIENCE_NANOS);
    if (!host.isUp()) {
      return false;
    }
    assertThat(answer).as(name + ": it was answered").hasSize(1);
    if (!damaging) {
      assertThat(answer.getFirst()).as(name).isNull();
    }
    return true;
  }

  void run(int steps) throws IOException {
    for (int i = 0; i < steps; i++) {
      step();
      if (!host.isUp()) {
        restart();
      }
    }
    crash();
    checkEverything();
    checkRange();
  }

  private void step() throws IOException {
    switch (random.nextInt(32)) {
      case 0 -> flushOrCompact(done -> engine.flush(tableId, done));
      case 1 -> maintain();
      case 2 -> crash();
      case 3 -> host.disk().losePowerAt(1 + random.nextInt(60));
      case 4 -> checkRange();
      case 5 -> {
        if (damaging) {
          flipABit();
        } else if (random.nextInt(4) == 0) {
          truncate();
        }
      }
      case 6, 7, 8, 9, 10, 11, 12 -> checkPartition(randomPosition());
      default -> apply(1 + random.nextInt(8));
    }
  }

  private void maintain() {
    switch (random.nextInt(8)) {
      case 0 -> flushOrCompact(done -> engine.maintenance().verify(tableId, done));
      case 1 -> flushOrCompact(done -> engine.maintenance().upgrade(tableId, done));
      case 2, 3 -> flushOrCompact(done -> engine.maintenance().scrub(tableId, done));
      case 4 -> {
        TableSettings next = settings.withCompaction(randomCompaction(random));
        flushOrCompact(done -> engine.alterTable(tableId, next, done));
      }
      case 5 -> events.begun.forEach(StorageTask::cancel);
      default -> flushOrCompact(done -> engine.maintenance().compact(tableId, done));
    }
  }

  private StorageEngine opened() throws IOException {
    events = new CountedEvents();
    StorageEngine opened = StorageEngine.open(environment, DIRECTORY, options, events);
    opened
        .maintenance()
        .configure(
            new CompactionOptions(
                1 + random.nextInt(3),
                (64L << 10) << random.nextInt(8),
                0.8,
                1 << random.nextInt(6)));
    return opened;
  }

  /** Waits for it, or goes on while it runs. */
  private void flushOrCompact(Consumer<Consumer<@Nullable IOException>> action) {
    if (random.nextBoolean()) {
      await(action);
    } else {
      action.accept(failure -> {});
    }
  }

  private RangePosition randomPosition() {
    // The least, the greatest and some tokens between; few keys.
    long token = random.nextInt(12) * 0x1555_5555_5555_5555L + Long.MIN_VALUE;
    byte[] key = new byte[1 + random.nextInt(2)];
    key[0] = (byte) random.nextInt(3);
    return new RangePosition(token, key, RowKeys.LOWEST);
  }

  private void apply(int count) {
    List<Mutation> pending = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      RangePosition at = randomPosition();
      FragmentWriter writer = new FragmentWriter().begin(tableId, at.token(), at.key());
      fragments.write(writer);
      Mutation mutation = Mutation.of(writer.finish());
      Partition partition = partitions.computeIfAbsent(at, position -> new Partition());
      partition.unknown.add(mutation);
      pending.add(mutation);
      send(mutation, partition, pending);
    }
    world.runUntil(() -> pending.isEmpty() || !host.isUp(), PATIENCE_NANOS);
    assertThat(pending.isEmpty() || !host.isUp()).as(name + ": writes are answered").isTrue();
  }

  private void send(Mutation mutation, Partition partition, List<Mutation> pending) {
    Shard owner = environment.shards().owner(mutation.token());
    owner.execute(() ->
        engine.apply(
            mutation,
            owner,
            outcome -> {
              pending.remove(mutation);
              if (outcome instanceof ApplyOutcome.Applied) {
                partition.unknown.remove(mutation);
                partition.acknowledged.add(fragment(mutation));
              } else if (outcome instanceof ApplyOutcome.Overloaded) {
                partition.unknown.remove(mutation);
              } else {
                throw new AssertionError(name + ": " + outcome);
              }
            }));
  }

  private static byte[] fragment(Mutation mutation) {
    return java.util.Arrays.copyOfRange(
        mutation.bytes(), mutation.fragmentOffset(), mutation.sizeBytes());
  }

  private void flipABit() throws IOException {
    List<Path> tables =
        host.disk().files().stream().filter(file -> file.toString().endsWith(".sst")).toList();
    if (!tables.isEmpty()) {
      host.disk().flipBit(tables.get(random.nextInt(tables.size())));
    }
  }

  private void truncate() {
    if (await(done -> engine.truncate(tableId, done))) {
      partitions.clear();
    } else {
      // Done or not, which is not known: what follows starts from a truncation that is.
      restartUnchecked();
      if (await(done -> engine.truncate(tableId, done))) {
        partitions.clear();
      }
    }
  }

  private void crash() throws IOException {
    host.crash();
    restart();
  }

  private void restartUnchecked() {
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
        createTable();
        return;
      } catch (PowerLoss e) {
        // Once more: recovery that is interrupted must itself be recovered from.
      } catch (IOException e) {
        throw new AssertionError(name + ": the engine does not open", e);
      }
    }
  }

  private void restart() throws IOException {
    restartUnchecked();
    checkEverything();
    // What was unknown is written once more, which must do no harm, and is known from then on.
    List<Mutation> pending = new ArrayList<>();
    for (Partition partition : partitions.values()) {
      for (Mutation mutation : List.copyOf(partition.unknown)) {
        if (exact) {
          pending.add(mutation);
          send(mutation, partition, pending);
        } else {
          // An old timestamp may come too late for a tombstone that was purged: read it instead.
          partition.unknown.remove(mutation);
        }
      }
      if (!exact) {
        partition.acknowledged.clear();
      }
    }
    if (!exact) {
      for (Map.Entry<RangePosition, Partition> entry : partitions.entrySet()) {
        byte[] found = readAll(entry.getKey());
        if (found != null) {
          entry.getValue().acknowledged.add(found);
        }
      }
    }
    world.runUntil(pending::isEmpty, PATIENCE_NANOS);
    assertThat(pending).as(name + ": writes are answered").isEmpty();
  }

  private @Nullable ReadResult read(RangePosition at, ReadLimits limits) {
    AtomicReference<@Nullable ReadOutcome> answer = new AtomicReference<>();
    environment
        .shards()
        .owner(at.token())
        .execute(
            () -> engine.read(new ReadCommand(tableId, at.token(), at.key(), limits), answer::set));
    world.runUntil(() -> answer.get() != null || !host.isUp(), PATIENCE_NANOS);
    if (!host.isUp()) {
      return null;
    }
    if (damaging && answer.get() instanceof ReadFailure) {
      failedReads++;
      return null;
    }
    assertThat(answer.get()).as(name + ": a read is answered").isInstanceOf(ReadResult.class);
    return (ReadResult) answer.get();
  }

  private byte @Nullable [] readAll(RangePosition at) {
    ReadResult result = readToEnd(at, ReadLimits.all(RowMerger.NEVER_SECONDS));
    assertThat(result != null || damaging).as(name).isTrue();
    return result == null ? null : result.fragment();
  }

  /** Every acknowledged update is there, and nothing is there that was never written. */
  private void checkEverything() {
    for (Map.Entry<RangePosition, Partition> entry : partitions.entrySet()) {
      byte[] found = readAll(entry.getKey());
      if (found == null) {
        continue;
      }
      Partition partition = entry.getValue();
      FragmentMerger merger = new FragmentMerger().begin().add(found);
      partition.unknown.forEach(update -> merger.add(fragment(update)));
      String what = name + " after a restart, token " + entry.getKey().token();
      if (exact) {
        assertThat(merger.merge()).as(what).isEqualTo(partition.merged());
      } else {
        assertThat(visible(merger.merge())).as(what).isEqualTo(visible(partition.merged()));
      }
    }
  }

  private String visible(byte[] fragment) {
    ReferencePartition reference = new ReferencePartition();
    reference.add(fragment);
    return reference.visible(nowSeconds());
  }

  private long nowSeconds() {
    return environment.clock().wallSeconds();
  }

  private ReadLimits randomLimits() {
    int from = random.nextInt(6);
    int to = from + 1 + random.nextInt(6 - from);
    List<Slice> slices =
        switch (random.nextInt(4)) {
          case 0 -> List.of(Slice.ALL);
          case 3 -> List.of(row(RandomFragments.rowKey(from)));
          case 1 -> List.of(new Slice(RandomFragments.rowKey(from), RandomFragments.rowKey(to)));
          default ->
              List.of(
                  new Slice(RowKeys.LOWEST, RandomFragments.rowKey(from)),
                  new Slice(RandomFragments.rowKey(to), RowKeys.HIGHEST));
        };
    int limit = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(4);
    return new ReadLimits(slices, random.nextBoolean(), random.nextBoolean(), limit, nowSeconds());
  }

  private static Slice row(byte[] key) {
    return new Slice(key, RowKeys.after(key, 0, key.length));
  }

  /** Reads piece by piece, where one answer would cost too much; null when reading failed. */
  private @Nullable ReadResult readToEnd(RangePosition at, ReadLimits limits) {
    FragmentMerger pieces = new FragmentMerger().begin();
    ReadLimits rest = limits;
    int liveRows = 0;
    while (true) {
      ReadResult piece = read(at, rest);
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

  private void checkPartition(RangePosition at) {
    ReadLimits limits = randomLimits();
    ReadResult result = readToEnd(at, limits);
    if (result == null) {
      return;
    }
    ReadResult expected = partitions.getOrDefault(at, new Partition()).limited(limits);
    if (exact) {
      assertThat(result.fragment()).as(name + ": " + limits).isEqualTo(expected.fragment());
      assertThat(result.cut()).as(name).isEqualTo(expected.cut());
    } else {
      assertThat(visible(result.fragment())).as(name).isEqualTo(visible(expected.fragment()));
    }
    assertThat(result.liveRows()).as(name).isEqualTo(expected.liveRows());
  }

  /** Pages through the whole table, shard by shard, and compares with the model. */
  private void checkRange() {
    int pageRows = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(5);
    int pageBytes = 1 << (4 + random.nextInt(14));
    ReadLimits limits = new ReadLimits(List.of(Slice.ALL), true, false, pageRows, nowSeconds());
    Map<RangePosition, FragmentMerger> found = new TreeMap<>();
    for (int shard = 0; shard < environment.shards().count(); shard++) {
      RangePosition from = RangePosition.startOf(engine.firstToken(shard));
      while (from != null) {
        RangePage page = readPage(shard, from, limits, pageBytes);
        if (page == null) {
          return;
        }
        collect(page, found);
        RangePosition resume = page.resume();
        assertThat(resume == null || resume.compareTo(from) > 0).as(name).isTrue();
        from = resume;
      }
    }
    for (Map.Entry<RangePosition, Partition> entry : partitions.entrySet()) {
      FragmentMerger merger = found.remove(entry.getKey());
      byte[] merged = merger == null ? new byte[] {0} : merger.merge();
      byte[] expected = entry.getValue().limited(ReadLimits.all(nowSeconds())).fragment();
      if (exact) {
        assertThat(merged).as(name + ": range").isEqualTo(expected);
      } else {
        assertThat(visible(merged)).as(name + ": range").isEqualTo(visible(expected));
      }
    }
    assertThat(found).as(name + ": partitions that were never written").isEmpty();
  }

  private @Nullable RangePage readPage(
      int shard, RangePosition from, ReadLimits limits, int pageBytes) {
    AtomicReference<@Nullable RangeOutcome> answer = new AtomicReference<>();
    RangeCommand command =
        new RangeCommand(tableId, from, Long.MAX_VALUE, limits, Integer.MAX_VALUE, pageBytes);
    environment.shards().get(shard).execute(() -> engine.readRange(command, answer::set));
    world.runUntil(() -> answer.get() != null || !host.isUp(), PATIENCE_NANOS);
    if (!host.isUp()) {
      return null;
    }
    if (damaging && answer.get() instanceof ReadFailure) {
      failedReads++;
      return null;
    }
    assertThat(answer.get()).as(name + ": a page is answered").isInstanceOf(RangePage.class);
    return (RangePage) answer.get();
  }

  private static void collect(RangePage page, Map<RangePosition, FragmentMerger> found) {
    ByteReader in = new ByteReader();
    in.over(page.partitions(), 0, page.partitions().length);
    while (in.hasRemaining()) {
      long token = in.readLong();
      byte[] key = in.readBytes(in.readUnsignedShort());
      byte[] fragment = in.readBytes(in.readInt());
      FragmentValidator.validate(fragment, 0, fragment.length);
      found
          .computeIfAbsent(
              new RangePosition(token, key, RowKeys.LOWEST), at -> new FragmentMerger().begin())
          .add(fragment);
    }
  }
}
