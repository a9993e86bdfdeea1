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
  private static final UUID HOST = new UUID(5, 5);
  private static final long PATIENCE_NANOS = 120_000_000_000L;

  final SimulatedWorld world;
  final SimulatedHost host;
  private UUID tableId = new UUID(0x51, 0x52);
  private final Random random;
  private final String name;
  private final UnaryOperator<FileSystem> disk;
  private final EngineOptions options;
  private TableSettings settings;
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

  /** What stands in the last snapshot that was made, when there is one. */
  private Map<RangePosition, List<byte[]>> kept = Map.of();

  private int snapshots;
  private boolean keptIsWhole;

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
    this.settings = randomSettings();
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

  private TableSettings randomSettings() {
    return new TableSettings(
        random.nextBoolean() ? 0.01 : 1.0,
        List.of(Compression.NONE, Compression.LZ4, Compression.ZSTD).get(random.nextInt(3)),
        256 << random.nextInt(5),
        exact ? 1_000_000_000L : random.nextInt(4),
        random.nextBoolean() ? Durability.GROUP : Durability.OF_THE_NODE,
        randomCompaction(random));
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
          empty();
        }
      }
      case 6 -> keepOrBringBack();
      case 13 -> world.runFor(random.nextInt(1_500_000_000));
      case 7, 8, 9, 10, 11, 12 -> checkPartition(randomPosition());
      default -> apply(1 + random.nextInt(8));
    }
  }

  private void maintain() {
    switch (random.nextInt(8)) {
      case 0 -> flushOrCompact(done -> engine.maintenance().verify(tableId, done));
      case 1 -> flushOrCompact(done -> engine.maintenance().upgrade(tableId, done));
      case 2, 3 -> flushOrCompact(done -> engine.maintenance().scrub(tableId, done));
      case 4 -> {
        settings = randomSettings();
        flushOrCompact(done -> engine.alterTable(tableId, settings, done));
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
    if (!exact) {
      // Some of it has expired, some does soon.
      fragments.withBaseSeconds(nowSeconds() - 3);
    }
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

  /** Truncates the table, or drops it and makes another. */
  private void empty() {
    if (random.nextInt(3) > 0) {
      truncate();
      return;
    }
    UUID dropped = tableId;
    tableId = new UUID(0x51, tableId.getLeastSignificantBits() + 1);
    partitions.clear();
    keptIsWhole = false;
    if (await(done -> engine.dropTable(dropped, done))) {
      createTable();
    }
  }

  private void truncate() {
    if (!await(done -> engine.truncate(tableId, done))) {
      // Done or not, which is not known: what follows starts from a truncation that is.
      do {
        restartUnchecked();
      } while (!await(done -> engine.truncate(tableId, done)));
    }
    partitions.clear();
  }

  private void keepOrBringBack() {
    if (!keptIsWhole || random.nextInt(3) == 0) {
      keep();
    } else {
      bringBack();
    }
  }

  /** Makes a snapshot, and lets the one before go. */
  private void keep() {
    boolean hadOne = keptIsWhole;
    String before = "s" + snapshots;
    String next = "s" + ++snapshots;
    Map<RangePosition, List<byte[]>> now = new TreeMap<>();
    partitions.forEach((at, partition) -> now.put(at, List.copyOf(partition.acknowledged)));
    SnapshotManifest.Origin origin =
        new SnapshotManifest.Origin(HOST, "test", 1, List.of(), List.of(), "");
    Snapshots.Request request =
        new Snapshots.Request(
            next, "", 0, 0, origin, Map.of(tableId, new Snapshots.Named("ks.t", "")));
    keptIsWhole =
        this.<SnapshotManifest>succeeds(answer -> engine.snapshots().create(request, answer));
    kept = now;
    if (keptIsWhole && hadOne) {
      this.<String>succeeds(answer -> engine.snapshots().clear(before, answer));
    }
  }

  /** Exports the snapshot and imports it, often into the table emptied before. */
  private void bringBack() {
    String name = "s" + snapshots;
    Path directory = Path.of("/export");
    boolean exported =
        this.<SnapshotExport.Exported>succeeds(
            answer -> engine.snapshots().export(name, directory, null, answer));
    if (!exported) {
      return;
    }
    // A tombstone that was purged may be missing to rows that come back: then only what is empty.
    if (!exact || random.nextBoolean()) {
      truncate();
    }
    SnapshotImport.Target target = new SnapshotImport.Target(tableId, "", List.of(TokenRange.ALL));
    boolean imported =
        this.<SnapshotImport.Imported>succeeds(answer ->
            engine
                .snapshots()
                .importFrom(
                    new SnapshotImport.Request(directory, name, any -> true, any -> target),
                    answer));
    if (imported) {
      kept.forEach((at, updates) ->
          partitions.computeIfAbsent(at, position -> new Partition()).acknowledged.addAll(updates));
    } else if (!host.isUp()) {
      restartUnchecked();
      truncate();
    }
  }

  private static boolean isWhole(SnapshotManifest snapshot) {
    return snapshot.tables().stream()
        .flatMap(table -> table.files().stream())
        .noneMatch(SnapshotManifest.DataFile::missing);
  }

  /** Waits for an answer; false when the power went meanwhile, or damage was in the way. */
  private <T> boolean succeeds(Consumer<Snapshots.Answer<T>> action) {
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
    world.runUntil(() -> !answers.isEmpty() || !host.isUp(), PATIENCE_NANOS);
    assertThat(!answers.isEmpty() || !host.isUp()).as(name + ": it was answered").isTrue();
    return host.isUp() && answers.getFirst();
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

  /** Pages through the table or a part of it, shard by shard, and compares with the model. */
  private void checkRange() {
    int pageRows = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(5);
    int partitionRows = random.nextBoolean() ? Integer.MAX_VALUE : 1 + random.nextInt(3);
    int pageBytes = 1 << (4 + random.nextInt(14));
    long first = random.nextBoolean() ? Long.MIN_VALUE : randomPosition().token();
    long last = random.nextBoolean() ? Long.MAX_VALUE : randomPosition().token();
    ReadLimits limits = new ReadLimits(List.of(Slice.ALL), true, false, pageRows, nowSeconds());
    Map<RangePosition, List<byte[]>> found = new TreeMap<>();
    for (int shard = 0; shard < environment.shards().count(); shard++) {
      RangePosition from = RangePosition.startOf(Math.max(first, engine.firstToken(shard)));
      while (from != null && from.token() <= Math.min(last, engine.lastToken(shard))) {
        RangeCommand command =
            new RangeCommand(tableId, from, last, limits, partitionRows, pageBytes);
        RangePage page = readPage(shard, command);
        if (page == null) {
          return;
        }
        collect(page, found);
        RangePosition resume = page.resume();
        assertThat(resume == null || resume.compareTo(from) > 0).as(name).isTrue();
        from = resume;
      }
    }
    ReadLimits each =
        new ReadLimits(List.of(Slice.ALL), true, false, partitionRows, limits.nowSeconds());
    for (Map.Entry<RangePosition, Partition> entry : partitions.entrySet()) {
      long token = entry.getKey().token();
      if (token < first || token > last) {
        continue;
      }
      List<byte[]> pieces = found.remove(entry.getKey());
      // A partition that is cut by pages may come with a row more than is wanted of it.
      byte[] merged = merger(pieces == null ? List.of() : pieces).merge(each).fragment();
      byte[] expected = entry.getValue().limited(each).fragment();
      if (exact && partitionRows == Integer.MAX_VALUE) {
        assertThat(merged).as(name + ": range").isEqualTo(expected);
      } else {
        assertThat(visible(merged)).as(name + ": range").isEqualTo(visible(expected));
      }
    }
    assertThat(found).as(name + ": partitions that are not there").isEmpty();
  }

  private static FragmentMerger merger(List<byte[]> fragments) {
    FragmentMerger merger = new FragmentMerger().begin();
    fragments.forEach(merger::add);
    return merger;
  }

  private @Nullable RangePage readPage(int shard, RangeCommand command) {
    AtomicReference<@Nullable RangeOutcome> answer = new AtomicReference<>();
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

  private static void collect(RangePage page, Map<RangePosition, List<byte[]>> found) {
    ByteReader in = new ByteReader();
    in.over(page.partitions(), 0, page.partitions().length);
    while (in.hasRemaining()) {
      long token = in.readLong();
      byte[] key = in.readBytes(in.readUnsignedShort());
      byte[] fragment = in.readBytes(in.readInt());
      FragmentValidator.validate(fragment, 0, fragment.length);
      found
          .computeIfAbsent(new RangePosition(token, key, RowKeys.LOWEST), at -> new ArrayList<>())
          .add(fragment);
    }
  }
}
