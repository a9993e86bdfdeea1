package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.DIRECTORY;
import static io.quorate.sstable.EngineFixture.SMALL;
import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem;
import io.quorate.sstable.SnapshotExport.Exported;
import io.quorate.sstable.SnapshotImport.Imported;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, an export or import of hours cannot be watched or stopped, or leaves half of what
 * it did when it is stopped.
 */
class SnapshotTasksTest {
  private static final Path EXPORTS = Path.of("/backup");
  private static final UUID RESTORED = new UUID(8, 8);

  private final EngineFixture fixture = new EngineFixture(SMALL, 1);
  private final CancellingFiles files;

  /** Cancels work when it creates the second file of some kind. */
  private static final class CancellingFiles extends ForwardingFileSystem {
    private String part = "nothing";
    private @Nullable StorageTask task;
    private int created;

    CancellingFiles(FileSystem files) {
      super(files);
    }

    @Override
    public StoredFile open(Path path, Mode mode) throws IOException {
      StorageTask cancelled = task;
      if (cancelled != null
          && mode == Mode.CREATE
          && path.toString().contains(part)
          && ++created == 2) {
        cancelled.cancel();
      }
      return super.open(path, mode);
    }
  }

  SnapshotTasksTest() throws IOException {
    fixture.host.crash();
    Environment real = fixture.host.boot();
    files = new CancellingFiles(real.files());
    fixture.environment =
        new Environment(
            real.clock(),
            real.shards(),
            real.background(),
            real.messaging(),
            real.network(),
            files,
            real.random());
    fixture.engine =
        StorageEngine.open(
            fixture.environment, DIRECTORY, EngineFixture.PARTITIONER, SMALL, fixture.events);
    CompactionSettings none =
        new CompactionSettings(Map.of("class", "SizeTieredCompactionStrategy", "enabled", "false"));
    fixture.createTable(TABLE, TableSettings.DEFAULT.withCompaction(none));
    fixture.createTable(RESTORED, TableSettings.DEFAULT.withCompaction(none));
    fill();
  }

  private void fill() {
    for (int i = 0; i < 80; i++) {
      fixture.put("key" + i, "value" + i);
      if (i % 20 == 19) {
        fixture.succeed(done -> fixture.engine.flush(TABLE, done));
      }
    }
    fixture.snapshot("s");
  }

  /** What a task was answered with. */
  private static final class Ended<T> implements Snapshots.Answer<T> {
    final List<T> values = new ArrayList<>();
    final List<String> failures = new ArrayList<>();

    @Override
    public void succeeded(T value) {
      values.add(value);
    }

    @Override
    public void failed(IOException why) {
      failures.add(String.valueOf(why.getMessage()));
    }
  }

  private <T> StorageTask done(Function<Snapshots.Answer<T>, StorageTask> work) {
    Ended<T> ended = new Ended<>();
    StorageTask task = work.apply(ended);
    fixture.world.runUntil(() -> !ended.values.isEmpty(), 60_000_000_000L);
    assertThat(ended.failures).isEmpty();
    assertThat(task.state()).isEqualTo(StorageTask.State.DONE);
    assertThat(task.result()).isEqualTo(ended.values.getFirst());
    assertThat(task.doneBytes()).isEqualTo(task.totalBytes()).isPositive();
    return task;
  }

  private <T> StorageTask cancelled(String part, Function<Snapshots.Answer<T>, StorageTask> work) {
    Ended<T> ended = new Ended<>();
    StorageTask task = work.apply(ended);
    files.part = part;
    files.created = 0;
    files.task = task;
    fixture.world.runUntil(() -> !ended.failures.isEmpty(), 60_000_000_000L);
    files.task = null;
    assertThat(ended.values).isEmpty();
    assertThat(ended.failures).containsExactly("it was cancelled");
    assertThat(task.state()).isEqualTo(StorageTask.State.CANCELLED);
    assertThat(task.doneBytes()).as("it was under way").isPositive();
    return task;
  }

  private StorageTask export(Snapshots.Answer<Exported> answer) {
    return fixture.engine.snapshots().export("s", EXPORTS, null, answer);
  }

  private StorageTask bringIn(List<TokenRange> owned, Snapshots.Answer<Imported> answer) {
    return fixture
        .engine
        .snapshots()
        .importFrom(
            new SnapshotImport.Request(
                EXPORTS,
                "s",
                table -> true,
                table -> new SnapshotImport.Target(RESTORED, "", owned)),
            answer);
  }

  @Test
  void anExportThatIsCancelledGoesOnWhereItWas() {
    cancelled("/backup/", this::export);
    assertThat(fixture.files("/backup/")).noneMatch(path -> path.endsWith("MANIFEST"));
    assertThat(fixture.files(".tmp")).isEmpty();
    Exported exported = (Exported) result(this.<Exported>done(this::export));
    assertThat(exported.copiedFiles()).isEqualTo(exported.files() - 1);
  }

  @Test
  void anImportThatIsCancelledLeavesNothing() {
    this.<Exported>done(this::export);
    List<Path> before = fixture.files("/data/tables/");
    List<TokenRange> half = List.of(new TokenRange(-17, Long.MAX_VALUE));
    for (List<TokenRange> owned : List.of(List.of(TokenRange.ALL), half)) {
      this.<Imported>cancelled("/data/tables/", answer -> bringIn(owned, answer));
      assertThat(fixture.files("/data/tables/")).isEqualTo(before);
      assertThat(fixture.value(RESTORED, "key7")).isNull();
    }
    this.<Imported>done(answer -> bringIn(List.of(TokenRange.ALL), answer));
    assertThat(fixture.value(RESTORED, "key7")).isEqualTo("value7");
  }

  @Test
  void whatIsCancelledWhileItWaitsDoesNotBegin() {
    Ended<Exported> first = new Ended<>();
    Ended<Snapshots.Verified> second = new Ended<>();
    export(first);
    StorageTask waiting = fixture.engine.snapshots().verify("s", second);
    assertThat(waiting.state()).isEqualTo(StorageTask.State.WAITING);
    waiting.cancel();
    fixture.world.runUntil(() -> !second.failures.isEmpty(), 60_000_000_000L);
    assertThat(first.values).hasSize(1);
    assertThat(waiting.state()).isEqualTo(StorageTask.State.CANCELLED);
    assertThat(waiting.doneBytes()).isZero();
    assertThat(fixture.events.begun)
        .extracting(StorageTask::kind)
        .endsWith(StorageTask.Kind.EXPORT, StorageTask.Kind.VERIFY_SNAPSHOT);
  }

  private static Object result(StorageTask task) {
    Object result = task.result();
    if (result == null) {
      throw new AssertionError("no result");
    }
    return result;
  }
}
