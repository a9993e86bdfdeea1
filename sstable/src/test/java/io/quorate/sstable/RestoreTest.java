package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.DIRECTORY;
import static io.quorate.sstable.EngineFixture.SMALL;
import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, what was dropped by mistake cannot be brought back, or comes back as it never
 * was; or the log is deleted before the archive has it.
 */
class RestoreTest {
  private static final Path ARCHIVE = Path.of("/archive");
  private static final EngineOptions ARCHIVED = SMALL.withArchiveDirectory(ARCHIVE);

  private final Random random = new Random(3);

  /** Writes to some of 60 keys, now and then across a restart, and keeps the model in step. */
  private void write(EngineFixture fixture, int writes, Map<String, String> model)
      throws IOException {
    for (int i = 0; i < writes; i++) {
      String key = "key" + random.nextInt(60);
      String value = "value " + random.nextLong();
      fixture.put(key, value);
      model.put(key, value);
      if (i % 150 == 149) {
        fixture.host.crash();
        fixture.reopen();
      }
    }
  }

  /** Puts a snapshot in the place of the tables, as an operator does with cp. */
  private static void putBack(EngineFixture fixture, String snapshot) throws IOException {
    FileSystem disk = fixture.host.disk();
    Path table = DIRECTORY.resolve("tables").resolve(TABLE.toString());
    for (String name : disk.list(table)) {
      disk.delete(table.resolve(name));
    }
    Path from = DIRECTORY.resolve("snapshots").resolve(snapshot).resolve(TABLE.toString());
    for (String name : disk.list(from)) {
      disk.link(from.resolve(name), table.resolve(name));
    }
    disk.syncDirectory(table);
  }

  private static Restore restore(EngineFixture fixture, long toMicros) throws IOException {
    Restore restored =
        Restore.to(
            fixture.host.boot(),
            DIRECTORY,
            ARCHIVE,
            toMicros,
            EngineFixture.PARTITIONER,
            SMALL,
            fixture.events);
    fixture.host.crash();
    return restored;
  }

  private static void check(EngineFixture fixture, Map<String, String> model) throws IOException {
    fixture.reopen();
    for (int i = 0; i < 60; i++) {
      assertThat(fixture.value("key" + i)).isEqualTo(model.get("key" + i));
    }
  }

  @Test
  void aDirectoryIsAsItWasAtAnyTimeAfterTheSnapshot() throws IOException {
    EngineFixture fixture = new EngineFixture(ARCHIVED, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    Map<String, String> model = new HashMap<>();
    write(fixture, 300, model);
    fixture.snapshot("nightly");
    write(fixture, 300, model);
    Map<String, String> then = Map.copyOf(model);
    long toMicros = fixture.timestamp();
    write(fixture, 300, model);
    fixture.truncate(TABLE);
    write(fixture, 50, model);
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    fixture.host.crash();

    putBack(fixture, "nightly");
    Restore restored = restore(fixture, toMicros);
    assertThat(restored.applied()).isGreaterThanOrEqualTo(300);
    assertThat(restored.tooNew()).isEqualTo(350);
    assertThat(restored.withoutTable()).isZero();
    assertThat(restored.setAside()).isZero();
    assertThat(fixture.events.replayed).isNotEmpty();
    check(fixture, then);
    // The cluster's metadata know of the truncation still.
    fixture.succeed(done -> fixture.engine.truncate(TABLE, 1, done));
    fixture.host.crash();
    check(fixture, then);

    fixture.host.crash();
    assertThat(restore(fixture, toMicros).tooNew()).isEqualTo(350);
    check(fixture, then);
    fixture.put("key1", "life goes on");
    fixture.host.crash();
    fixture.reopen();
    assertThat(fixture.value("key1")).isEqualTo("life goes on");
  }

  /** Each restore begins a timeline; what it gave up comes back with none of the later ones. */
  @Test
  void aLaterRestoreFollowsTheLineThatWasLived() throws IOException {
    EngineFixture fixture = new EngineFixture(ARCHIVED, 2);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    Map<String, String> model = new HashMap<>();
    write(fixture, 80, model);
    fixture.snapshot("nightly");
    write(fixture, 160, model);
    Map<String, String> early = Map.copyOf(model);
    long earlyMicros = fixture.timestamp();
    write(fixture, 40, model);
    Map<String, String> then = Map.copyOf(model);
    long thenMicros = fixture.timestamp();
    write(fixture, 200, model);
    fixture.put("given up", "for good");
    fixture.host.crash();

    putBack(fixture, "nightly");
    restore(fixture, thenMicros);
    check(fixture, then);
    Map<String, String> lived = new HashMap<>(then);
    write(fixture, 170, lived);
    Map<String, String> later = Map.copyOf(lived);
    long laterMicros = fixture.timestamp();
    write(fixture, 170, lived);
    fixture.host.crash();

    putBack(fixture, "nightly");
    restore(fixture, laterMicros);
    check(fixture, later);
    assertThat(fixture.value("given up")).isNull();
    write(fixture, 20, new HashMap<>());
    fixture.host.crash();

    putBack(fixture, "nightly");
    restore(fixture, earlyMicros);
    check(fixture, early);
    fixture.put("key1", "life goes on");
    fixture.host.crash();
    putBack(fixture, "nightly");
    restore(fixture, fixture.timestamp());
    fixture.reopen();
    assertThat(fixture.value("key1")).isEqualTo("life goes on");
    assertThat(fixture.value("given up")).isNull();
  }

  /** Nothing was written since: a time that was missed is tried again, also a later one. */
  @Test
  void anotherTimeMayBeTriedAsLongAsNothingWasWritten() throws IOException {
    EngineFixture fixture = new EngineFixture(ARCHIVED, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    Map<String, String> model = new HashMap<>();
    fixture.snapshot("nightly");
    write(fixture, 160, model);
    long tooEarly = fixture.timestamp();
    write(fixture, 160, model);
    long rightMicros = fixture.timestamp();
    fixture.host.crash();
    putBack(fixture, "nightly");
    restore(fixture, tooEarly);
    fixture.reopen();
    fixture.host.crash();
    putBack(fixture, "nightly");
    restore(fixture, rightMicros);
    check(fixture, model);
  }

  /** Segments that were archived before a restore are not needed for what was written since. */
  @Test
  void aLineGoesOnWhenTheArchiveBeforeItIsTakenAway() throws IOException {
    EngineFixture fixture = new EngineFixture(ARCHIVED, 1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    write(fixture, 160, new HashMap<>());
    long thenMicros = fixture.timestamp();
    fixture.put("given up", "for good");
    fixture.host.crash();
    restore(fixture, thenMicros);
    for (Path segment : fixture.files("/archive/")) {
      if (segment.toString().endsWith(".log")) {
        fixture.host.disk().delete(segment);
      }
    }
    fixture.host.disk().syncDirectory(ARCHIVE);
    fixture.reopen();
    fixture.put("key1", "life goes on");
    long againMicros = fixture.timestamp();
    // It is given up in its turn, in a segment that must not be taken for one of the line before.
    fixture.put("given up", "once more");
    fixture.host.crash();
    assertThat(restore(fixture, againMicros).tooNew()).isEqualTo(1);
    fixture.reopen();
    fixture.put("key2", "and on");
    fixture.host.crash();
    restore(fixture, fixture.timestamp());
    fixture.reopen();
    assertThat(fixture.value("key1")).isEqualTo("life goes on");
    assertThat(fixture.value("key2")).isEqualTo("and on");
    assertThat(fixture.value("given up")).isNull();
  }

  @Test
  void damagedTimelinesAreNotTakenForNone() throws IOException {
    EngineFixture fixture = new EngineFixture(ARCHIVED, 1);
    FileSystem disk = fixture.host.disk();
    Timelines written = new Timelines(List.of()).beginningAfter(6, 40).beginningAfter(18, -2);
    written.store(disk, ARCHIVE);
    assertThat(Timelines.load(disk, ARCHIVE)).isEqualTo(written);
    assertThat(written.beginningAfter(11, 50).lastMicros(3)).isEqualTo(40);
    assertThat(written.lastMicros(3)).isEqualTo(-2);
    assertThat(written.lastMicros(19)).isEqualTo(Long.MAX_VALUE);
    Path file = ARCHIVE.resolve(Timelines.FILE_NAME);
    long bits = 8 * disk.size(file);
    for (long bit = 0; bit < bits; bit++) {
      fixture.host.disk().flipBit(file, bit);
      assertThatThrownBy(() -> Timelines.load(disk, ARCHIVE))
          .as("bit %d", bit)
          .isInstanceOf(CorruptFileException.class);
      fixture.host.disk().flipBit(file, bit);
    }
  }

  @Test
  void aRestoreThatLosesPowerIsBegunOnceMore() throws IOException {
    for (int operation = 1; operation < 60; operation += 3) {
      EngineFixture fixture = new EngineFixture(ARCHIVED, 1);
      fixture.createTable(TABLE, TableSettings.DEFAULT);
      Map<String, String> model = new HashMap<>();
      write(fixture, 100, model);
      Map<String, String> then = Map.copyOf(model);
      long toMicros = fixture.timestamp();
      write(fixture, 40, model);
      fixture.host.crash();
      Environment environment = fixture.host.boot();
      fixture.host.disk().losePowerAt(operation);
      try {
        Restore.to(
            environment,
            DIRECTORY,
            ARCHIVE,
            toMicros,
            EngineFixture.PARTITIONER,
            SMALL,
            fixture.events);
        fixture.host.disk().cancelPowerLoss();
        fixture.host.crash();
      } catch (io.quorate.environment.simulated.PowerLoss e) {
        // As planned.
      }
      restore(fixture, toMicros);
      check(fixture, then);
    }
  }

  @Test
  void aDirectoryInUseAndAnArchiveThatIsNotThereAreRefused() throws IOException {
    EngineFixture fixture = new EngineFixture(ARCHIVED, 1);
    assertThatThrownBy(() ->
            Restore.to(
                fixture.environment,
                DIRECTORY,
                ARCHIVE,
                0,
                EngineFixture.PARTITIONER,
                SMALL,
                fixture.events))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("locked");
    assertThatThrownBy(() ->
            Restore.to(
                fixture.environment,
                DIRECTORY,
                Path.of("/nope"),
                0,
                EngineFixture.PARTITIONER,
                SMALL,
                fixture.events))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("there is no archive /nope");
  }

  /** A disk on which the archive takes nothing, as when it is full. */
  private static final class FullArchive extends ForwardingFileSystem {
    boolean full = true;

    FullArchive(FileSystem files) {
      super(files);
    }

    @Override
    public void link(Path existing, Path name) throws IOException {
      if (name.startsWith(ARCHIVE)) {
        throw new IOException("another disk");
      }
      super.link(existing, name);
    }

    @Override
    public StoredFile open(Path path, Mode mode) throws IOException {
      if (full && path.startsWith(ARCHIVE)) {
        throw new IOException("No space left on device");
      }
      return super.open(path, mode);
    }
  }

  @Test
  void aSegmentIsNotDeletedBeforeTheArchiveHasIt() throws IOException {
    EngineFixture fixture = new EngineFixture(SMALL, 1);
    fixture.host.crash();
    Environment real = fixture.host.boot();
    FullArchive disk = new FullArchive(real.files());
    fixture.environment =
        new Environment(
            real.clock(),
            real.shards(),
            real.background(),
            real.messaging(),
            real.network(),
            disk,
            real.random());
    fixture.engine =
        StorageEngine.open(
            fixture.environment, DIRECTORY, EngineFixture.PARTITIONER, ARCHIVED, fixture.events);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
    write(fixture, 140, new HashMap<>());
    for (int i = 0; i < 10; i++) {
      fixture.put("filler" + i, "x".repeat(5_000));
    }
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    fixture.world.runFor(25_000_000_000L);
    assertThat(fixture.files("/archive/")).isEmpty();
    assertThat(fixture.events.failed).isNotEmpty().allMatch(what -> what.contains("archiving"));
    List<Path> kept = fixture.files("/commitlog/");
    assertThat(kept).hasSizeGreaterThan(3);

    disk.full = false;
    fixture.world.runFor(15_000_000_000L);
    assertThat(fixture.files("/commitlog/")).hasSizeLessThan(kept.size());
    assertThat(fixture.files("/archive/"))
        .isNotEmpty()
        .allMatch(path -> Objects.requireNonNull(path.getFileName()).toString().endsWith(".log"));
  }
}
