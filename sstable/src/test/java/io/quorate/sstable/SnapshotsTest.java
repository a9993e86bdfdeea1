package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.simulated.PowerLoss;
import io.quorate.sstable.SnapshotExport.Exported;
import io.quorate.sstable.SnapshotImport.Imported;
import io.quorate.sstable.SnapshotImport.Target;
import io.quorate.sstable.SnapshotManifest.Origin;
import io.quorate.sstable.Snapshots.Answer;
import io.quorate.sstable.Snapshots.Listed;
import io.quorate.sstable.Snapshots.Named;
import io.quorate.sstable.Snapshots.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A backup that cannot be restored, or restores something else, is found out when it is needed. */
class SnapshotsTest {
  private static final UUID HOST = new UUID(5, 5);
  private static final UUID OTHER_HOST = new UUID(6, 6);
  private static final UUID RESTORED = new UUID(8, 8);
  private static final Path EXPORTS = Path.of("/backup");
  private static final String LAYOUT = "k text, v text";
  private static final String NAME = "ks.t";
  private static final List<TokenRange> ALL = List.of(TokenRange.ALL);

  private final EngineFixture fixture = new EngineFixture();
  private final Map<String, String> model = new TreeMap<>();

  SnapshotsTest() throws IOException {
    CompactionSettings none =
        new CompactionSettings(Map.of("class", "SizeTieredCompactionStrategy", "enabled", "false"));
    TableSettings settings = TableSettings.DEFAULT.withCompaction(none);
    alter(settings);
  }

  private void alter(TableSettings settings) {
    fixture.succeed(done -> fixture.engine.alterTable(EngineFixture.TABLE, settings, done));
  }

  // ---- in one line each ----

  /** What a request ended in. */
  private static final class Ended<T> implements Answer<T> {
    private @Nullable T value;
    private @Nullable IOException failure;

    @Override
    public void succeeded(T answered) {
      value = answered;
    }

    @Override
    public void failed(IOException why) {
      failure = why;
    }

    boolean isOver() {
      return value != null || failure != null;
    }

    T value() {
      if (value == null) {
        throw new AssertionError("not answered, or: " + failure);
      }
      return value;
    }

    IOException failure() {
      if (failure == null) {
        throw new AssertionError("it did not fail: " + value);
      }
      return failure;
    }
  }

  /** Runs to the answer, or until the power goes. */
  private <T> Ended<T> ask(Consumer<Answer<T>> request) {
    Ended<T> ended = new Ended<>();
    request.accept(ended);
    fixture.world.runUntil(
        () -> ended.isOver() || !fixture.host.isUp(), TimeUnit.MINUTES.toNanos(5));
    return ended;
  }

  private static Origin origin(UUID host) {
    return new Origin(host, "test", 7, List.of(1L, -5L), List.of(HOST, OTHER_HOST), "CREATE …;");
  }

  private static Request request(String name, String series, int keep, long lifetimeMillis) {
    return request(HOST, name, series, keep, lifetimeMillis);
  }

  private static Request request(
      UUID host, String name, String series, int keep, long lifetimeMillis) {
    Map<UUID, Named> tables = new LinkedHashMap<>();
    tables.put(EngineFixture.TABLE, new Named(NAME, LAYOUT));
    return new Request(name, series, keep, lifetimeMillis, origin(host), tables);
  }

  private Snapshots snapshots() {
    return fixture.engine.snapshots();
  }

  private SnapshotManifest create(String name) {
    return this.<SnapshotManifest>ask(to -> snapshots().create(request(name, "", 0, 0), to))
        .value();
  }

  private List<Listed> list() {
    return this.<List<Listed>>ask(to -> snapshots().list(to)).value();
  }

  private List<String> names() {
    return list().stream().map(Listed::name).toList();
  }

  private List<String> verify(String name) {
    return this.<Snapshots.Verified>ask(to -> snapshots().verify(name, to)).value().problems();
  }

  private Ended<Exported> export(String name, @Nullable String since) {
    return ask(to -> snapshots().export(name, EXPORTS, since, to));
  }

  private Ended<Imported> bringIn(String name, UUID table, List<TokenRange> owned) {
    return bringIn(name, new Target(table, LAYOUT, owned));
  }

  private Ended<Imported> bringIn(String name, @Nullable Target target) {
    SnapshotImport.Request request =
        new SnapshotImport.Request(EXPORTS, name, NAME::equals, table -> target);
    return ask(to -> snapshots().importFrom(request, to));
  }

  /** Puts rows, in several SSTables that cover each other. */
  private void fill(int from, int to) {
    for (int i = from; i < to; i++) {
      String key = "key " + i % 60;
      fixture.put(key, "value " + i);
      model.put(key, "value " + i);
      if (i % 25 == 24) {
        fixture.succeed(done -> fixture.engine.flush(EngineFixture.TABLE, done));
      }
    }
  }

  private Map<String, String> rows(UUID table) {
    Map<String, String> rows = new TreeMap<>();
    for (int i = 0; i < 60; i++) {
      String value = fixture.value(table, "key " + i);
      if (value != null) {
        rows.put("key " + i, value);
      }
    }
    return rows;
  }

  private void truncate() {
    fixture.truncate(EngineFixture.TABLE);
    assertThat(rows(EngineFixture.TABLE)).isEmpty();
  }

  // ---- keeping ----

  @Test
  void aSnapshotKeepsWhatIsThenDeletedUntilItIsCleared() {
    fill(0, 80);
    SnapshotManifest manifest = create("daily");
    List<Path> kept = fixture.files("/snapshots/daily/");
    assertThat(kept).filteredOn(path -> path.toString().endsWith(".sst")).hasSizeGreaterThan(1);
    assertThat(list().getFirst().ownBytes()).as("links cost nothing").isZero();
    truncate();
    fixture.world.runFor(TimeUnit.SECONDS.toNanos(1));
    assertThat(fixture.files("/tables/")).noneMatch(path -> path.toString().endsWith(".sst"));
    assertThat(fixture.files("/snapshots/daily/")).isEqualTo(kept);
    assertThat(list().getFirst().ownBytes()).isEqualTo(manifest.bytes());
    assertThat(list().getFirst().manifest()).isEqualTo(manifest);
    assertThat(verify("daily")).isEmpty();
    assertThat(
            ask((Answer<SnapshotManifest> to) -> snapshots().create(request("daily", "", 0, 0), to))
                .failure())
        .hasMessageContaining("already");
    ask((Answer<String> to) -> snapshots().clear("daily", to)).value();
    assertThat(fixture.files("/snapshots/")).isEmpty();
    assertThat(names()).isEmpty();
  }

  @Test
  void everyFlippedBitAndMissingFileIsFoundByVerify() throws IOException {
    fill(0, 60);
    create("s");
    List<Path> files =
        fixture.files("/snapshots/s/").stream()
            .filter(path -> path.toString().endsWith(".sst"))
            .toList();
    for (Path file : files) {
      fixture.host.disk().flipBit(file, 1_003);
      assertThat(verify("s")).hasSize(1).first().asString().contains("checksum");
      fixture.host.disk().flipBit(file, 1_003);
    }
    assertThat(verify("s")).isEmpty();
    fixture.host.disk().delete(files.getFirst());
    assertThat(verify("s")).hasSize(1).first().asString().contains("missing");
  }

  @Test
  void damageIsNotTakenIntoASnapshot() throws IOException {
    fill(0, 30);
    fixture.succeed(done -> fixture.engine.flush(EngineFixture.TABLE, done));
    Path table =
        fixture.files("/tables/").stream()
            .filter(path -> path.toString().endsWith(".sst"))
            .findFirst()
            .orElseThrow();
    fixture.host.disk().flipBit(table, 80);
    Ended<SnapshotManifest> ended = ask(to -> snapshots().create(request("s", "", 0, 0), to));
    assertThat(ended.failure()).hasMessageContaining("corrupt");
    assertThat(fixture.files("/snapshots/")).isEmpty();
    fixture.world.runFor(TimeUnit.SECONDS.toNanos(1));
    assertThat(fixture.events.quarantined).as("it is out of service").hasSize(1);
    assertThat(create("s").tables().getFirst().files())
        .as("and the next snapshot says that it lacks it")
        .anyMatch(SnapshotManifest.DataFile::missing);
    assertThat(verify("s")).hasSize(1);
  }

  @Test
  void aSeriesKeepsItsNewestAndOthersStay() {
    fill(0, 30);
    create("other");
    for (int i = 0; i < 5; i++) {
      int number = i;
      ask((Answer<SnapshotManifest> to) ->
              snapshots().create(request("daily-" + number, "daily", 3, 0), to))
          .value();
      fixture.world.runFor(TimeUnit.SECONDS.toNanos(1));
    }
    assertThat(names()).containsExactly("other", "daily-2", "daily-3", "daily-4");
    assertThat(list().getLast().newBytes()).as("nothing was written between").isZero();
  }

  @Test
  void anExpiredSnapshotGoesByItselfAlsoAfterARestart() throws IOException {
    fill(0, 30);
    long day = TimeUnit.DAYS.toMillis(1);
    ask((Answer<SnapshotManifest> to) -> snapshots().create(request("one", "", 0, day), to))
        .value();
    ask((Answer<SnapshotManifest> to) -> snapshots().create(request("two", "", 0, 2 * day), to))
        .value();
    create("kept");
    fixture.world.runFor(TimeUnit.HOURS.toNanos(23));
    assertThat(names()).containsExactlyInAnyOrder("one", "two", "kept");
    fixture.world.runFor(TimeUnit.HOURS.toNanos(2));
    assertThat(names()).containsExactlyInAnyOrder("two", "kept");
    fixture.host.crash();
    fixture.reopen();
    fixture.world.runFor(TimeUnit.HOURS.toNanos(24));
    assertThat(names()).containsExactly("kept");
  }

  @Test
  void aSnapshotThatIsDamagedOrHasLostItsManifestIsNotGoodAndNotGone() throws IOException {
    fill(0, 30);
    create("lost");
    create("damaged");
    Path manifest = EngineFixture.DIRECTORY.resolve("snapshots/damaged/MANIFEST");
    fixture.host.disk().flipBit(manifest);
    fixture.host.disk().delete(EngineFixture.DIRECTORY.resolve("snapshots/lost/MANIFEST"));
    fixture.host.disk().syncDirectory(EngineFixture.DIRECTORY.resolve("snapshots/lost"));
    fixture.host.crash();
    fixture.reopen();
    assertThat(names()).containsExactly("damaged", "lost");
    assertThat(list()).allMatch(one -> one.manifest() == null);
    assertThat(ask((Answer<Snapshots.Verified> to) -> snapshots().verify("damaged", to)).failure())
        .hasMessageContaining("corrupt");
    assertThat(export("damaged", null).failure()).hasMessageContaining("corrupt");
    assertThat(export("lost", null).failure()).hasMessageContaining("there is no snapshot lost");
    ask((Answer<String> to) -> snapshots().clear("damaged", to)).value();
    ask((Answer<String> to) -> snapshots().clear("lost", to)).value();
    assertThat(fixture.files("/snapshots/")).isEmpty();
  }

  // ---- to and from elsewhere ----

  @Test
  void whatIsRestoredIsWhatWasThere() {
    fill(0, 130);
    create("s");
    Map<String, String> then = new TreeMap<>(model);
    fill(130, 160);
    Exported exported = export("s", null).value();
    assertThat(exported.copiedFiles()).isEqualTo(exported.files()).isPositive();
    fixture.createTable(RESTORED, TableSettings.DEFAULT);
    Imported imported = bringIn("s", RESTORED, ALL).value();
    assertThat(imported.copiedFiles()).isEqualTo(exported.files());
    assertThat(imported.absentHosts()).containsExactly(OTHER_HOST);
    assertThat(rows(RESTORED)).isEqualTo(then);
    assertThat(rows(EngineFixture.TABLE)).isEqualTo(model);

    truncate();
    bringIn("s", EngineFixture.TABLE, ALL).value();
    bringIn("s", EngineFixture.TABLE, ALL).value();
    assertThat(rows(EngineFixture.TABLE)).as("twice does no harm").isEqualTo(then);
    fixture.succeed(done -> fixture.engine.maintenance().compact(EngineFixture.TABLE, done));
    assertThat(rows(EngineFixture.TABLE)).isEqualTo(then);
  }

  @Test
  void everyNewNodeKeepsOfEachExportWhatItOwns() {
    fill(0, 60);
    create("s");
    export("s", null).value();
    // What another node of the old ring has: other values, newer ones.
    fill(60, 100);
    ask((Answer<SnapshotManifest> to) ->
            snapshots().create(request(OTHER_HOST, "s2", "", 0, 0), to))
        .value();
    ask((Answer<String> to) -> snapshots().clear("s", to)).value();
    ask((Answer<SnapshotManifest> to) -> snapshots().create(request(OTHER_HOST, "s", "", 0, 0), to))
        .value();
    export("s", null).value();

    long third = Long.MAX_VALUE / 3;
    List<List<TokenRange>> parts =
        List.of(
            List.of(new TokenRange(Long.MIN_VALUE, -third)),
            List.of(new TokenRange(-third + 1, third)),
            List.of(new TokenRange(third + 1, Long.MAX_VALUE)));
    Map<String, String> all = new TreeMap<>();
    for (int i = 0; i < parts.size(); i++) {
      UUID table = new UUID(9, i);
      fixture.createTable(table, TableSettings.DEFAULT);
      Imported imported = bringIn("s", table, parts.get(i)).value();
      assertThat(imported.hosts()).containsExactly(HOST, OTHER_HOST);
      assertThat(imported.absentHosts()).isEmpty();
      assertThat(imported.rewrittenFiles()).isPositive();
      Map<String, String> rows = rows(table);
      List<TokenRange> part = parts.get(i);
      assertThat(rows.keySet())
          .allMatch(key -> TokenRange.anyContains(part, EngineFixture.token(key)));
      assertThat(all.keySet()).doesNotContainAnyElementsOf(rows.keySet());
      all.putAll(rows);
    }
    assertThat(all).isEqualTo(model);
  }

  @Test
  void theNextExportCopiesOnlyWhatIsNew() {
    fill(0, 60);
    create("monday");
    Exported first = export("monday", null).value();
    fill(60, 80);
    create("tuesday");
    Exported second = export("tuesday", null).value();
    assertThat(second.copiedFiles()).isPositive().isLessThan(second.files());
    assertThat(export("tuesday", null).value().copiedFiles()).as("and once more nothing").isZero();
    assertThat(export("tuesday", "monday").value().copiedFiles()).isZero();
    assertThat(export("tuesday", "sunday").failure()).hasMessageContaining("not exported");
    assertThat(first.copiedFiles()).isEqualTo(first.files());
    fixture.createTable(RESTORED, TableSettings.DEFAULT);
    bringIn("tuesday", RESTORED, ALL).value();
    assertThat(rows(RESTORED)).isEqualTo(model);
  }

  @Test
  void aFlippedBitInAnExportIsFoundBeforeAnythingIsVisible() throws IOException {
    fill(0, 90);
    create("s");
    export("s", null).value();
    fixture.createTable(RESTORED, TableSettings.DEFAULT);
    List<Path> files = fixture.files("/backup/" + HOST);
    assertThat(files).hasSizeGreaterThan(3);
    // Of each file, since a shard has half of the tokens, a part.
    List<TokenRange> partly =
        List.of(
            new TokenRange(Long.MIN_VALUE, Long.MIN_VALUE / 2),
            new TokenRange(0, Long.MAX_VALUE / 2));
    for (Path file : files) {
      if (file.endsWith(EngineFixture.TABLE + "/MANIFEST") || file.endsWith("schema.cql")) {
        continue; // for people, and for those who build a data directory; not read by an import
      }
      fixture.host.disk().flipBit(file, 777);
      for (List<TokenRange> owned : List.of(ALL, partly)) {
        assertThat(bringIn("s", RESTORED, owned).failure())
            .isInstanceOf(CorruptFileException.class);
        assertThat(rows(RESTORED)).as("%s is damaged", file).isEmpty();
      }
      fixture.host.disk().flipBit(file, 777);
    }
    assertThat(fixture.files("/tables/" + RESTORED)).as("nothing half done is left").hasSize(1);
    bringIn("s", RESTORED, ALL).value();
    assertThat(rows(RESTORED)).isEqualTo(model);
  }

  @Test
  void aDamagedFileOfAnExportIsReplacedByTheNextExport() throws IOException {
    fill(0, 60);
    create("s");
    export("s", null).value();
    Path file =
        fixture.files("/backup/").stream()
            .filter(path -> path.toString().endsWith(".sst"))
            .findFirst()
            .orElseThrow();
    fixture.host.disk().flipBit(file);
    assertThat(export("s", null).value().copiedFiles()).isEqualTo(1);
    fixture.createTable(RESTORED, TableSettings.DEFAULT);
    bringIn("s", RESTORED, ALL).value();
    assertThat(rows(RESTORED)).isEqualTo(model);
  }

  @Test
  void anImportThatDoesNotFitTheTableIsRefused() {
    fill(0, 30);
    create("s");
    export("s", null).value();
    assertThat(bringIn("s", new Target(EngineFixture.TABLE, "k int", ALL)).failure())
        .hasMessageContaining("other columns");
    assertThat(bringIn("s", (Target) null).failure()).hasMessageContaining("create it first");
    assertThat(bringIn("none", EngineFixture.TABLE, ALL).failure())
        .hasMessageContaining("no whole export");
  }

  @Test
  void aFullDiskEndsExportAndImportAndLeavesNoHalf() {
    fill(0, 90);
    create("s");
    long used = fixture.files("").stream().mapToLong(this::size).sum();
    fixture.host.disk().capacity(used + 1_000);
    assertThat(export("s", null).failure()).hasMessageContaining("No space left");
    assertThat(bringIn("s", EngineFixture.TABLE, ALL).failure())
        .hasMessageContaining("no whole export");
    fixture.host.disk().capacity(Long.MAX_VALUE);
    export("s", null).value();
    fixture.createTable(RESTORED, TableSettings.DEFAULT);
    fixture.host.disk().capacity(1);
    assertThat(bringIn("s", RESTORED, ALL).failure()).hasMessageContaining("No space left");
    fixture.host.disk().capacity(Long.MAX_VALUE);
    assertThat(rows(RESTORED)).isEmpty();
    bringIn("s", RESTORED, ALL).value();
    assertThat(rows(RESTORED)).isEqualTo(model);
  }

  private long size(Path path) {
    try {
      return fixture.host.disk().size(path);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  // ---- when the power goes ----

  /** Loses power at the n-th change of the disk, if the work has so many; whether it had. */
  private <T> boolean interrupted(long operations, Consumer<Answer<T>> work) throws IOException {
    fixture.host.disk().losePowerAt(operations);
    Ended<T> ended = new Ended<>();
    try {
      work.accept(ended);
      fixture.world.runUntil(
          () -> ended.isOver() || !fixture.host.isUp(), TimeUnit.MINUTES.toNanos(5));
    } catch (PowerLoss e) {
      // As the world does when it happens in one of its tasks.
    }
    fixture.host.disk().cancelPowerLoss();
    if (fixture.host.isUp()) {
      ended.value();
      return false;
    }
    fixture.reopen();
    return true;
  }

  @Test
  void aCrashWhileASnapshotIsMadeLeavesAWholeOneOrNone() throws IOException {
    fill(0, 70);
    int whole = 0;
    int none = 0;
    boolean more = true;
    for (int operations = 1; more; operations++) {
      String name = "s" + operations;
      more =
          interrupted(
              operations,
              (Answer<SnapshotManifest> to) -> snapshots().create(request(name, "", 0, 0), to));
      if (names().contains(name)) {
        whole++;
        assertThat(verify(name)).isEmpty();
        ask((Answer<String> to) -> snapshots().clear(name, to)).value();
      } else {
        none++;
      }
      assertThat(fixture.files("/snapshots/")).as("nothing half is left").isEmpty();
      assertThat(rows(EngineFixture.TABLE)).isEqualTo(model);
    }
    assertThat(none).isGreaterThan(5);
    assertThat(whole).isPositive();
  }

  @Test
  void aCrashWhileOneIsClearedLeavesAWholeOneOrNone() throws IOException {
    fill(0, 70);
    boolean more = true;
    for (int operations = 1; more; operations++) {
      String name = "s" + operations;
      create(name);
      more = interrupted(operations, (Answer<String> to) -> snapshots().clear(name, to));
      if (names().contains(name)) {
        assertThat(verify(name)).isEmpty();
        ask((Answer<String> to) -> snapshots().clear(name, to)).value();
      }
      assertThat(fixture.files("/snapshots/")).as("nothing half is left").isEmpty();
    }
  }

  @Test
  void aCrashWhileOneIsExportedLeavesNoWrongExportAndTheNextTryCompletesIt() throws IOException {
    fill(0, 70);
    create("s");
    fixture.createTable(RESTORED, TableSettings.DEFAULT);
    int crashes = 0;
    // Each try begins where the one before was interrupted, so all of them together end.
    for (int operations = 2; operations < 40; operations++) {
      if (!interrupted(
          operations, (Answer<Exported> to) -> snapshots().export("s", EXPORTS, null, to))) {
        break;
      }
      crashes++;
      Ended<Imported> early = bringIn("s", RESTORED, ALL);
      if (early.failure == null) {
        assertThat(rows(RESTORED)).as("whole, when it says so").isEqualTo(model);
        fixture.truncate(RESTORED);
      }
    }
    assertThat(crashes).isGreaterThan(5);
    export("s", null).value();
    bringIn("s", RESTORED, ALL).value();
    assertThat(rows(RESTORED)).isEqualTo(model);
  }

  @Test
  void aCrashWhileOneIsImportedLeavesAllRowsOrNone() throws IOException {
    fill(0, 70);
    create("s");
    export("s", null).value();
    List<TokenRange> half = List.of(new TokenRange(-17, Long.MAX_VALUE));
    Map<String, String> owned = new TreeMap<>(model);
    owned.keySet().removeIf(key -> !TokenRange.anyContains(half, EngineFixture.token(key)));
    fixture.createTable(RESTORED, TableSettings.DEFAULT);
    int none = 0;
    boolean more = true;
    for (int operations = 1; more; operations++) {
      SnapshotImport.Request request =
          new SnapshotImport.Request(
              EXPORTS, "s", NAME::equals, table -> new Target(RESTORED, LAYOUT, half));
      more = interrupted(operations, (Answer<Imported> to) -> snapshots().importFrom(request, to));
      Map<String, String> rows = rows(RESTORED);
      if (rows.isEmpty()) {
        none++;
      } else {
        assertThat(rows).isEqualTo(owned);
        fixture.truncate(RESTORED);
      }
      assertThat(rows(EngineFixture.TABLE)).isEqualTo(model);
    }
    assertThat(none).isGreaterThan(5);
  }
}
