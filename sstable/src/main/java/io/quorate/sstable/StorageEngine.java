package io.quorate.sstable;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import java.io.Closeable;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One node's storage. Writes and reads of a token run on the shard that owns it; flushes and
 * compaction run on threads of their own.
 *
 * <p>A write: {@link #apply} → {@link LogAppender#append} → {@link Memtable#put}, answered when the
 * log is synced. A memtable that is large, or old, is frozen and written as an {@link SSTable};
 * then the log in front of it goes. A read: {@link #read} → {@link PartitionRead}, which merges the
 * memtables and those SSTables that the filters let through.
 *
 * <pre>
 * directory/lock                      one process at a time
 * directory/commitlog/                segments, see {@link CommitLogFormat}
 * directory/TRUNCATIONS               see {@link Truncations}
 * directory/tables/&lt;id&gt;/MANIFEST      what the table consists of, see {@link TableManifest}
 * directory/tables/&lt;id&gt;/&lt;n&gt;.sst       see {@link SSTableFormat}
 * directory/snapshots/&lt;name&gt;/         see {@link Snapshots}
 * directory/quarantine/               what is damaged
 * </pre>
 *
 * <p>Safe for concurrent use where a method does not name a shard. Callbacks of administrative
 * methods come on a background thread or a shard, and must not block.
 */
public final class StorageEngine {
  private final Environment environment;
  private final FileSystem files;
  private final Path directory;
  private final Partitioner partitioner;
  private final StorageEvents events;
  private final Closeable lock;
  private final BlockCache cache;
  private final long reservedDiskBytes;
  private final List<EngineShard> shards = new ArrayList<>();
  private final SSTableNumbers numbers = new SSTableNumbers();
  private final MemtableFlush flush;
  private final Quarantine quarantine;
  private final Executor adminThread;
  private final Compaction compaction;
  private final Maintenance maintenance;
  private volatile PurgeRule purgeRule = PurgeRule.AFTER_GRACE;
  private volatile Outside outside = Outside.EVERYTHING;
  private final Snapshots snapshots;

  /** Set once, at the start. */
  private @Nullable CommitLog commitLog;

  /** Set once, at the start. */
  private @Nullable Truncations truncations;

  /** Touched on the admin thread only, and at start. */
  private final Map<UUID, Table> tables = new TreeMap<>();

  private volatile List<UUID> tableIds = List.of();

  private Recovery.Replayed replayed = Recovery.Replayed.NOTHING;

  private StorageEngine(
      Environment environment,
      Path directory,
      Partitioner partitioner,
      EngineOptions options,
      StorageEvents events,
      Closeable lock) {
    this.environment = environment;
    this.files = environment.files();
    this.directory = directory;
    this.partitioner = partitioner;
    this.events = events;
    this.lock = lock;
    this.reservedDiskBytes = options.reservedDiskBytes();
    this.cache = new BlockCache(options.blockCacheBytes());
    this.flush = new MemtableFlush(environment, this, events);
    this.quarantine = new Quarantine(files, directory.resolve("quarantine"), cache, partitioner);
    this.adminThread = environment.background().serial("storage-admin");
    this.compaction = new Compaction(environment, this, events);
    this.maintenance = new Maintenance(this, compaction, events);
    this.snapshots = new Snapshots(environment, this, directory.resolve("snapshots"), events);
  }

  /**
   * Opens the storage in a directory, which is created when there is none, and replays its commit
   * log. Blocks; not called on a shard, and before any shard uses the engine.
   *
   * @param partitioner the same whenever the directory is opened
   * @throws IOException when the directory cannot be used, with a message for the operator
   */
  public static StorageEngine open(
      Environment environment,
      Path directory,
      Partitioner partitioner,
      EngineOptions options,
      StorageEvents events)
      throws IOException {
    environment.files().createDirectories(directory);
    Closeable lock = environment.files().lock(directory.resolve("lock"));
    try {
      StorageEngine engine =
          new StorageEngine(environment, directory, partitioner, options, events, lock);
      engine.start(options);
      return engine;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  public static StorageEngine open(
      Environment environment, Path directory, Partitioner partitioner, EngineOptions options)
      throws IOException {
    return open(environment, directory, partitioner, options, new StorageEvents() {});
  }

  private void start(EngineOptions options) throws IOException {
    truncations = Truncations.load(files, directory);
    Recovery recovery = new Recovery(environment, directory, options, events, this);
    tables.putAll(recovery.openTables());
    tableIds = List.copyOf(tables.keySet());
    Recovery.Outcome recovered = recovery.replayLog();
    replayed = recovered.replayed();
    CommitLog log = new CommitLog(environment, recovered.log(), options, events, this::flushBefore);
    commitLog = log;
    for (Shard shard : environment.shards().all()) {
      EngineShard owned = new EngineShard(environment, shard, this, log, options);
      tables.values().forEach(owned::addTable);
      recovered.writes().handOver(owned);
      shards.add(owned);
    }
    tables.values().forEach(compaction::consider);
    snapshots.recover();
    shards.forEach(shard -> shard.shard().execute(shard::begin));
    log.release();
  }

  /** See {@link Restore}. */
  static Restore restore(
      Environment environment,
      Path directory,
      Partitioner partitioner,
      EngineOptions options,
      long toMicros,
      StorageEvents events)
      throws IOException {
    try (Closeable lock = environment.files().lock(directory.resolve("lock"))) {
      StorageEngine engine =
          new StorageEngine(environment, directory, partitioner, options, events, lock);
      return new Recovery(environment, directory, options, events, engine).restore(toMicros);
    }
  }

  /** Updates that the last start found in the commit log. */
  public long replayedRecords() {
    return replayed.records();
  }

  /** Damaged stretches and records that could not be applied: they stand in quarantine. */
  public long setAsideRecords() {
    return replayed.setAside();
  }

  /** Of which so many belonged to tables that had been dropped or truncated. */
  public long skippedRecords() {
    return replayed.skipped();
  }

  private CommitLog commitLog() {
    return Objects.requireNonNull(commitLog, "the engine was started");
  }

  /** Why writes are refused, for now or until the next start; null when they are taken. */
  public @Nullable String writeRefusal() {
    CommitLog.Refusal refusal = commitLog().refusal();
    return refusal == null ? null : refusal.reason();
  }

  /** Why memtables cannot be flushed; null when the last flush went well. */
  public @Nullable String flushFailure() {
    return flush.failure();
  }

  /** The log is too long: flushes the memtables that need segments before this one. */
  private void flushBefore(long segmentId) {
    for (EngineShard shard : shards) {
      shard.shard().execute(() -> shard.flushBefore(segmentId));
    }
  }

  EngineShard shard(int index) {
    return shards.get(index);
  }

  private EngineShard owner(long token) {
    return shards.get(Shards.ownerIndex(token, shards.size()));
  }

  // ---- writes and reads: on the shard that owns the token ----

  /**
   * Applies an update. Called on the shard that owns its token.
   *
   * @param waiting the shard on which the callback is told; before this call returns if that is the
   *     calling one and there is nothing to wait for
   */
  public void apply(Mutation mutation, Shard waiting, ApplyCallback callback) {
    apply(mutation, Long.MAX_VALUE, waiting, callback);
  }

  /**
   * @param epoch under which the update was planned: it is refused when the table was truncated
   *     under a later one
   */
  public void apply(Mutation mutation, long epoch, Shard waiting, ApplyCallback callback) {
    owner(mutation.token()).apply(mutation, epoch, waiting, callback);
  }

  /** Reads from one partition. Called on the shard that owns its token. */
  public void read(ReadCommand command, ReadCallback callback) {
    owner(command.token()).read(command, callback);
  }

  /**
   * Reads a page of partitions. Called on the shard that owns the range's first token; of the range
   * only what that shard owns is read.
   */
  public void readRange(RangeCommand command, RangeCallback callback) {
    int index = Shards.ownerIndex(command.from().token(), shards.size());
    long last = lastToken(index);
    RangeCommand owned =
        command.endToken() <= last
            ? command
            : new RangeCommand(
                command.tableId(),
                command.from(),
                last,
                command.limits(),
                command.rowsPerPartition(),
                command.pageBytes());
    shards.get(index).readRange(owned, callback);
  }

  /** The least token that a shard owns. */
  public long firstToken(int shardIndex) {
    return shardIndex == 0 ? Long.MIN_VALUE : lastToken(shardIndex - 1) + 1;
  }

  /** The greatest token that a shard owns: the last that multiplies up to its index. */
  public long lastToken(int shardIndex) {
    int count = shards.size();
    if (shardIndex == count - 1) {
      return Long.MAX_VALUE;
    }
    // ceil((index + 1) * 2^64 / count) is the next shard's first token.
    BigInteger whole = BigInteger.ONE.shiftLeft(64);
    BigInteger[] next =
        whole
            .multiply(BigInteger.valueOf(shardIndex + 1L))
            .divideAndRemainder(BigInteger.valueOf(count));
    long first = next[0].longValue() + (next[1].signum() == 0 ? 0 : 1);
    return (first - 1) ^ Long.MIN_VALUE;
  }

  // ---- tables ----

  /** The tables that there are, sorted; right after the start, those that were found. */
  public List<UUID> tableIds() {
    return tableIds;
  }

  /**
   * Makes a table, durably. Nothing happens when it exists.
   *
   * @param done told once every shard knows the table, null or why it failed
   */
  public void createTable(
      UUID tableId, TableSettings settings, Consumer<@Nullable IOException> done) {
    adminThread.execute(() -> {
      if (tables.containsKey(tableId)) {
        done.accept(null);
        return;
      }
      Path path = Recovery.tablesIn(directory).resolve(tableId.toString());
      TableManifest manifest = new TableManifest(tableId, settings, 0, List.of());
      try {
        files.createDirectories(path);
        manifest.store(files, path);
      } catch (IOException e) {
        done.accept(e);
        return;
      }
      Table table = new Table(files, path, manifest, Version.EMPTY);
      tables.put(tableId, table);
      tableIds = List.copyOf(tables.keySet());
      onEveryShard(shard -> shard.addTable(table), () -> done.accept(null));
    });
  }

  /** Changes a table's settings, durably. */
  public void alterTable(
      UUID tableId, TableSettings settings, Consumer<@Nullable IOException> done) {
    withTable(
        tableId,
        done,
        table -> {
          table.changeSettings(settings);
          // What is due, and how often it is looked for, may have changed.
          compaction.consider(table);
          done.accept(null);
        });
  }

  /** Removes a table and its files. Nothing happens when there is none. */
  public void dropTable(UUID tableId, Consumer<@Nullable IOException> done) {
    adminThread.execute(() -> {
      Table table = tables.remove(tableId);
      if (table == null) {
        done.accept(null);
        return;
      }
      tableIds = List.copyOf(tables.keySet());
      truncations().forget(tableId);
      onEveryShard(
          shard -> shard.removeTable(tableId),
          () ->
              compaction.stop(
                  table,
                  () ->
                      // Behind the flushes that are under way.
                      flush.afterwards(() -> drop(table, done))));
    });
  }

  private void drop(Table table, Consumer<@Nullable IOException> done) {
    try {
      retire(table.drop(), () -> removeDirectory(table, done));
    } catch (IOException e) {
      done.accept(e);
    }
  }

  private void removeDirectory(Table table, Consumer<@Nullable IOException> done) {
    try {
      TableDirectory.remove(files, table.directory());
      done.accept(null);
    } catch (IOException e) {
      // What is left goes at the next start.
      done.accept(e);
    }
  }

  /**
   * Removes a table's rows: what was written before the call, on this node. What was planned before
   * and comes later is refused from then on, also after a restart. Nothing happens when the table
   * was truncated under this epoch, or a later one, already.
   *
   * @param epoch grows from one truncation of the table to the next, on all nodes alike
   * @param done told once it is durable, null or why it failed; then it can be tried again
   */
  public void truncate(UUID tableId, long epoch, Consumer<@Nullable IOException> done) {
    withTable(
        tableId,
        done,
        table -> {
          if (truncatedAt(tableId) >= epoch) {
            done.accept(null);
            return;
          }
          onEveryShard(
              shard -> {
                TableShard memtables = shard.table(tableId);
                if (memtables != null) {
                  shard.discard(memtables, epoch);
                }
              },
              () -> flush.endTruncation(table, epoch, done));
        });
  }

  /** The epoch of a table's last truncation here that is durable; 0 for none. */
  long truncatedAt(UUID tableId) {
    return truncations().epochOf(tableId);
  }

  void noteTruncation(Table table, long epoch) throws IOException {
    truncations().note(table.id(), epoch);
  }

  private Truncations truncations() {
    return Objects.requireNonNull(truncations, "the engine was started");
  }

  /** An action that may fail on the disk. */
  interface TableAction {
    void run(Table table) throws IOException;
  }

  void withTable(UUID tableId, Consumer<@Nullable IOException> done, TableAction action) {
    adminThread.execute(() -> {
      Table table = tables.get(tableId);
      if (table == null) {
        done.accept(new IOException("there is no table " + tableId));
        return;
      }
      try {
        action.run(table);
      } catch (IOException e) {
        done.accept(e);
      }
    });
  }

  /** Runs an action on each shard, one after the other, and then {@code done} on the last. */
  private void onEveryShard(Consumer<EngineShard> action, Runnable done) {
    onShardsFrom(0, action, done);
  }

  private void onShardsFrom(int index, Consumer<EngineShard> action, Runnable done) {
    EngineShard shard = shards.get(index);
    shard
        .shard()
        .execute(() -> {
          action.accept(shard);
          if (index + 1 < shards.size()) {
            onShardsFrom(index + 1, action, done);
          } else {
            done.run();
          }
        });
  }

  // ---- flush, compaction, snapshots ----

  /** Flushes a table's memtables. */
  public void flush(UUID tableId, Consumer<@Nullable IOException> done) {
    flushWhere(tableId::equals, done);
  }

  /** Flushes the memtables of every table. */
  public void flushAll(Consumer<@Nullable IOException> done) {
    flushWhere(id -> true, done);
  }

  /** Flushes the memtables of some tables. */
  void flushWhere(Predicate<UUID> wanted, Consumer<@Nullable IOException> done) {
    AtomicReference<@Nullable IOException> failure = new AtomicReference<>();
    onEveryShard(
        shard -> {
          for (TableShard table : shard.tables()) {
            if (wanted.test(table.table.id())) {
              shard.freeze(table, failed -> failure.compareAndSet(null, failed));
            }
          }
        },
        // Behind the flushes that were just begun.
        () -> flush.afterwards(() -> done.accept(failure.get())));
  }

  /** Writes a frozen memtable to disk; {@code done} is told on the flush thread. */
  void flush(Table table, Memtable frozen, int generation, Consumer<@Nullable IOException> done) {
    flush.begin(table, frozen, generation, done);
  }

  /** Writes a memtable that no shard has to the table's SSTables, durably. */
  void flushReplayed(Table table, Memtable memtable) throws IOException {
    table.replace(table.generation(), List.of(), flush.write(table, memtable));
  }

  /** Opens an SSTable that a manifest lists. */
  SSTable openListed(Path file, TableManifest.Listed listed) throws IOException {
    return SSTable.open(files, file, listed.number(), listed.level(), cache, partitioner);
  }

  /** Numbers for new SSTables. */
  SSTableNumbers numbers() {
    return numbers;
  }

  /** Where new SSTables of a table are written; no manifest lists them yet. */
  SSTableSeries newTables(Table table, int level, List<Long> boundaries, long outputBytes) {
    return new SSTableSeries(
        files,
        table,
        numbers::next,
        this::nowSeconds,
        cache,
        partitioner,
        level,
        boundaries,
        outputBytes);
  }

  /** Compaction, and what else is done to SSTables as they are. */
  public Maintenance maintenance() {
    return maintenance;
  }

  /** Lets another rule decide from now on which tombstones may go. */
  public void purgeBy(PurgeRule rule) {
    purgeRule = rule;
  }

  PurgeRule purgeRule() {
    return purgeRule;
  }

  /** Lets compaction see less of a table than it must: a negative control. */
  void breakPurgeBy(Outside wrong) {
    outside = wrong;
  }

  Outside outside() {
    return outside;
  }

  long nowSeconds() {
    return environment.clock().wallSeconds();
  }

  /** Bytes that may still be written next to a path before writes are refused. */
  long usableBytes(Path path) throws IOException {
    return Math.max(0, files.usableBytes(path) - reservedDiskBytes);
  }

  public Snapshots snapshots() {
    return snapshots;
  }

  /** Hands the tables that there are to an action on the thread that owns their list. */
  void onTables(Consumer<Map<UUID, Table>> action) {
    adminThread.execute(() -> action.accept(tables));
  }

  /** Brings a whole file to a path. */
  interface FileMaker {
    void make(Path path) throws IOException;
  }

  /** Opens a new SSTable that was not written here, which no manifest lists yet. */
  SSTable adopt(Table table, FileMaker maker) throws IOException {
    long number = numbers.next();
    Path path = table.pathOf(number);
    maker.make(path);
    return SSTable.open(files, path, number, 0, cache, partitioner);
  }

  /** Opens an SSTable of a directory that is not this engine's, to be scanned only. */
  SSTable openElsewhere(Path path, long number) throws IOException {
    // A cache of its own: the number may be that of another table here.
    return SSTable.open(files, path, number, 0, new BlockCache(0), partitioner);
  }

  /** Removes SSTables that were never listed. */
  void discard(List<SSTable> unlisted) {
    unlisted.forEach(SSTable::obsolete);
    release(unlisted);
  }

  /** Looks whether a table that has got more SSTables is due for compaction. */
  void consider(Table table) {
    compaction.consider(table);
  }

  // ---- damage, and files that are not needed any more ----

  /** Files that were put aside. */
  Quarantine quarantined() {
    return quarantine;
  }

  /** Puts a damaged SSTable aside. Reads that may need it fail from then on. */
  void quarantine(Table table, CorruptFileException damage) {
    adminThread.execute(() -> {
      for (SSTable sstable : table.version().tables()) {
        if (sstable.path().equals(damage.file())) {
          quarantine(table, sstable, String.valueOf(damage.getMessage()));
          return;
        }
      }
    });
  }

  private void quarantine(Table table, SSTable damaged, String reason) {
    try {
      quarantine.link(damaged.path());
      if (table.quarantine(damaged)) {
        events.tableQuarantined(damaged.path(), reason);
        retire(List.of(damaged));
      }
    } catch (IOException e) {
      events.backgroundWorkFailed("putting " + damaged.path() + " aside", e);
    }
  }

  /** Lets a table answer again where SSTables were put aside, once their data was brought back. */
  public void forgetQuarantined(UUID tableId, Consumer<@Nullable IOException> done) {
    withTable(
        tableId,
        done,
        table -> {
          table.forgetQuarantined();
          done.accept(null);
        });
  }

  void retire(List<SSTable> removed) {
    retire(removed, () -> {});
  }

  /**
   * Deletes SSTables that no version lists any more. A shard in the middle of a read from the cache
   * holds no reference; but once each shard has come to run another task, none can be.
   */
  private void retire(List<SSTable> removed, Runnable done) {
    removed.forEach(SSTable::obsolete);
    onEveryShard(
        shard -> {},
        () ->
            adminThread.execute(() -> {
              release(removed);
              done.run();
            }));
  }

  /** Gives references back, on a background thread. */
  void release(List<SSTable> retained) {
    for (SSTable table : retained) {
      try {
        table.release();
      } catch (IOException e) {
        events.backgroundWorkFailed("closing " + table.path(), e);
      }
    }
  }

  // ---- figures, and the end ----

  /** A table's figures, or null when there is no such table. */
  public void tableStats(UUID tableId, Consumer<@Nullable TableStats> done) {
    AtomicLong memtableBytes = new AtomicLong();
    AtomicReference<@Nullable Table> found = new AtomicReference<>();
    onEveryShard(
        shard -> {
          TableShard table = shard.table(tableId);
          if (table != null) {
            found.set(table.table);
            memtableBytes.addAndGet(table.memoryBytes());
          }
        },
        () -> {
          Table table = found.get();
          done.accept(table == null ? null : stats(table, memtableBytes.get()));
        });
  }

  private static TableStats stats(Table table, long memtableBytes) {
    Version version = table.version();
    List<SSTable> open = version.tables();
    return new TableStats(
        memtableBytes,
        open.size() + version.quarantined().size(),
        version.quarantined().size(),
        open.stream().mapToLong(SSTable::fileBytes).sum(),
        open.stream().mapToLong(SSTable::falsePositives).sum(),
        pendingCompactions(table, open),
        open.stream().mapToLong(sstable -> sstable.statistics().partitionCount()).sum(),
        open.stream().mapToLong(sstable -> sstable.statistics().tombstoneCount()).sum());
  }

  private static int pendingCompactions(Table table, List<SSTable> open) {
    return table
        .settings()
        .compaction()
        .strategy()
        .due(new CompactionQueue().candidates(open))
        .size();
  }

  /** Tells how the disk is doing, on a background thread. */
  public void figures(Consumer<StorageFigures> done) {
    adminThread.execute(() -> {
      long bytes = 0;
      int quarantined = 0;
      for (Table table : tables.values()) {
        Version version = table.version();
        quarantined += version.quarantined().size();
        for (SSTable sstable : version.tables()) {
          bytes += sstable.fileBytes();
        }
      }
      done.accept(new StorageFigures(bytes, quarantined, commitLog().segments().toArchive()));
    });
  }

  /** Bytes of data blocks that are cached now. */
  public long cachedBytes() {
    return cache.weightBytes();
  }

  /** Brings everything to disk: memtables are flushed, the log is synced. */
  public void drain(Consumer<@Nullable IOException> done) {
    flushAll(failure -> {
      drainLog(() -> done.accept(failure));
    });
  }

  /** Syncs what each shard has appended, and then runs a task on one of them. */
  private void drainLog(Runnable done) {
    Runnable last = done;
    for (EngineShard shard : shards) {
      Runnable next = last;
      last = () -> shard.shard().execute(() -> shard.log().drain(next));
    }
    last.run();
  }

  /** Ends writing and closes all files. What is not flushed stands in the commit log. */
  public void close(Runnable done) {
    Runnable last =
        () ->
            compaction.stop(
                null, () -> commitLog().close(() -> adminThread.execute(() -> closeFiles(done))));
    drainLog(last);
  }

  private void closeFiles(Runnable done) {
    snapshots.close();
    for (Table table : tables.values()) {
      release(table.version().tables());
    }
    try {
      lock.close();
    } catch (IOException e) {
      events.backgroundWorkFailed("unlocking " + directory, e);
    }
    done.run();
  }
}
