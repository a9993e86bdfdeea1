package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.environment.Shards;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An engine on a simulated machine, and what a test wants to do with it in one line each. */
final class EngineFixture {
  static final Path DIRECTORY = Path.of("/data");
  static final UUID TABLE = new UUID(7, 7);
  static final EngineOptions SMALL =
      new EngineOptions(
          SyncMode.GROUP,
          1_000,
          16 << 10,
          64 << 10,
          4 << 20,
          3_600_000,
          1 << 20,
          0,
          ReadEffort.DEFAULT);
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  final SimulatedWorld world;
  final SimulatedHost host;
  final CountedEvents events = new CountedEvents();
  Environment environment;
  StorageEngine engine;
  private EngineOptions options;
  private long timestamp = 1_000;
  private long truncations;

  EngineFixture(EngineOptions options, int shardCount) throws IOException {
    this.options = options;
    this.world = new SimulatedWorld(1);
    this.host = world.addHost("node", shardCount);
    this.environment = host.boot();
    this.engine =
        StorageEngine.open(environment, DIRECTORY, EngineFixture.PARTITIONER, options, events);
  }

  EngineFixture() throws IOException {
    this(SMALL, 2);
    createTable(TABLE, TableSettings.DEFAULT);
  }

  void createTable(UUID id, TableSettings settings) {
    succeed(done -> engine.createTable(id, settings, done));
  }

  void truncate(UUID id) {
    long epoch = ++truncations;
    succeed(done -> engine.truncate(id, epoch, done));
  }

  void reopen() throws IOException {
    environment = host.boot();
    engine = StorageEngine.open(environment, DIRECTORY, EngineFixture.PARTITIONER, options, events);
  }

  void reopenWith(EngineOptions next) throws IOException {
    options = next;
    reopen();
  }

  void succeed(Consumer<Consumer<@Nullable IOException>> action) {
    assertThat(run(action)).isNull();
  }

  @Nullable IOException run(Consumer<Consumer<@Nullable IOException>> action) {
    List<@Nullable IOException> answer = new ArrayList<>();
    action.accept(answer::add);
    world.runUntil(() -> !answer.isEmpty(), PATIENCE_NANOS);
    assertThat(answer).hasSize(1);
    return answer.getFirst();
  }

  /** Keeps {@link #TABLE} under a name. */
  void snapshot(String name) {
    assertThat(trySnapshot(name)).isNull();
  }

  @Nullable IOException trySnapshot(String name) {
    SnapshotManifest.Origin origin =
        new SnapshotManifest.Origin(new UUID(5, 5), "test", 1, List.of(), List.of(), "");
    Snapshots.Request request =
        new Snapshots.Request(
            name, "", 0, 0, origin, Map.of(TABLE, new Snapshots.Named("ks.t", "")));
    return run(done ->
        engine
            .snapshots()
            .create(
                request,
                new Snapshots.Answer<SnapshotManifest>() {
                  @Override
                  public void succeeded(SnapshotManifest manifest) {
                    done.accept(null);
                  }

                  @Override
                  public void failed(IOException why) {
                    done.accept(why);
                  }
                }));
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static final Partitioner PARTITIONER =
      (bytes, offset, length) -> token(new String(bytes, offset, length, StandardCharsets.UTF_8));

  /** Spreads keys over the tokens, as a hash does. */
  static long token(String key) {
    return key.hashCode() * 0x9E37_79B9_7F4A_7C15L;
  }

  Mutation mutation(UUID table, String key, String value) {
    return Mutation.of(
        new FragmentWriter()
            .begin(table, token(key), bytes(key))
            .beginRow(RandomFragments.rowKey(1))
            .rowLiveness(++timestamp)
            .cell(1, null, timestamp, bytes(value))
            .endRow()
            .finish());
  }

  List<ApplyOutcome> send(Mutation... mutations) {
    List<ApplyOutcome> outcomes = new ArrayList<>();
    for (Mutation mutation : mutations) {
      Shard owner = environment.shards().owner(mutation.token());
      owner.execute(() -> engine.apply(mutation, owner, outcomes::add));
    }
    return outcomes;
  }

  ApplyOutcome put(UUID table, String key, String value) {
    List<ApplyOutcome> outcomes = send(mutation(table, key, value));
    world.runUntil(() -> !outcomes.isEmpty(), PATIENCE_NANOS);
    assertThat(outcomes).hasSize(1);
    return outcomes.getFirst();
  }

  void put(String key, String value) {
    assertThat(put(TABLE, key, value)).isEqualTo(ApplyOutcome.APPLIED);
  }

  ReadOutcome read(UUID table, String key) {
    return read(table, key, ReadLimits.all(environment.clock().wallSeconds()));
  }

  ReadOutcome read(UUID table, String key, ReadLimits limits) {
    AtomicReference<@Nullable ReadOutcome> answer = new AtomicReference<>();
    environment
        .shards()
        .owner(token(key))
        .execute(
            () -> engine.read(new ReadCommand(table, token(key), bytes(key), limits), answer::set));
    world.runUntil(() -> answer.get() != null, PATIENCE_NANOS);
    ReadOutcome outcome = answer.get();
    if (outcome == null) {
      throw new AssertionError("a read was not answered");
    }
    return outcome;
  }

  /** The value of a key, or null. */
  @Nullable String value(String key) {
    return value(TABLE, key);
  }

  @Nullable String value(UUID table, String key) {
    ReadOutcome outcome = read(table, key);
    assertThat(outcome).isInstanceOf(ReadResult.class);
    return value((ReadResult) outcome);
  }

  static @Nullable String value(ReadResult result) {
    FragmentReader fragment = new FragmentReader().reset(result.fragment());
    if (fragment.next() != FragmentReader.Entry.ROW) {
      return null;
    }
    RowReader row = fragment.row(new RowReader());
    return row.nextCell()
        ? new String(row.bytes(), row.valueOffset(), row.valueLength(), StandardCharsets.UTF_8)
        : null;
  }

  TableStats stats(UUID table) {
    AtomicReference<@Nullable TableStats> answer = new AtomicReference<>();
    engine.tableStats(table, answer::set);
    world.runUntil(() -> answer.get() != null, PATIENCE_NANOS);
    TableStats stats = answer.get();
    if (stats == null) {
      throw new AssertionError("no figures");
    }
    return stats;
  }

  /** Of the last write. */
  long timestamp() {
    return timestamp;
  }

  List<Path> files(String part) {
    return host.disk().files().stream().filter(path -> path.toString().contains(part)).toList();
  }

  int ownerOf(String key) {
    return Shards.ownerIndex(token(key), environment.shards().count());
  }
}
