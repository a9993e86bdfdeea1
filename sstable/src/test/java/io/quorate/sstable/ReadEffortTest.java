package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.TABLE;
import static io.quorate.sstable.EngineFixture.bytes;
import static io.quorate.sstable.EngineFixture.token;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a read pays for what it does not return: it times out in a desert of tombstones,
 * or opens files that cannot change its answer.
 */
class ReadEffortTest {
  private static final int ROWS = 500;
  private static final int EFFORT_ROWS = 16;
  private static final String KEY = "partition";

  private final EngineFixture fixture;
  private long timestamp = 1_000;

  ReadEffortTest() throws IOException {
    EngineOptions small = EngineFixture.SMALL;
    fixture =
        new EngineFixture(
            new EngineOptions(
                small.syncMode(),
                small.syncPeriodMillis(),
                small.segmentBytes(),
                small.commitLogBytes(),
                small.memtableBytes(),
                small.memtableMaxAgeMillis(),
                small.blockCacheBytes(),
                small.reservedDiskBytes(),
                new ReadEffort(1 << 20, EFFORT_ROWS)),
            1);
    fixture.createTable(TABLE, TableSettings.DEFAULT);
  }

  private static byte[] row(int number) {
    return new byte[] {0x40, (byte) (number >>> 8), (byte) number};
  }

  private static Slice only(int number) {
    return new Slice(row(number), RowKeys.after(row(number), 0, 3));
  }

  private void write(Consumer<FragmentWriter> content) {
    FragmentWriter out = new FragmentWriter().begin(TABLE, token(KEY), bytes(KEY));
    content.accept(out);
    List<ApplyOutcome> outcomes = fixture.send(Mutation.of(out.finish()));
    fixture.world.runUntil(() -> !outcomes.isEmpty(), 60_000_000_000L);
    assertThat(outcomes).containsExactly(ApplyOutcome.APPLIED);
  }

  private void putRow(int number) {
    long at = ++timestamp;
    write(out -> out.beginRow(row(number)).rowLiveness(at).cell(1, null, at, bytes("v")).endRow());
  }

  private void flush() {
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
  }

  private ReadOutcome read(List<Slice> slices, boolean reversed, int liveRows) {
    return fixture.read(TABLE, KEY, new ReadLimits(slices, false, reversed, liveRows, 1));
  }

  private ReadResult result(List<Slice> slices, boolean reversed, int liveRows) {
    return (ReadResult) read(slices, reversed, liveRows);
  }

  @Test
  void aDesertOfTombstonesIsCrossedInPiecesOfBoundedWork() {
    for (int i = 0; i < ROWS; i++) {
      int number = i;
      long at = ++timestamp;
      write(out -> out.beginRow(row(number)).rowDeletion(at, 1).endRow());
    }
    putRow(ROWS);
    flush();
    int pieces = 0;
    byte[] from = RowKeys.LOWEST;
    while (true) {
      ReadResult piece = result(List.of(new Slice(from, RowKeys.HIGHEST)), false, 1);
      pieces++;
      byte[] reached = piece.reached();
      assertThat(reached).isNotNull();
      if (reached == null || piece.liveRows() > 0) {
        assertThat(reached).isEqualTo(row(ROWS));
        break;
      }
      from = RowKeys.after(reached, 0, reached.length);
    }
    assertThat(pieces).isEqualTo(1 + ROWS / EFFORT_ROWS);
  }

  @Test
  void aRangeThatWasDeletedIsPassedWithoutALookAtItsRows() {
    for (int i = 0; i <= 2 * ROWS; i++) {
      putRow(i);
    }
    flush();
    long at = ++timestamp;
    write(out -> out.rangeTombstone(row(1), row(2 * ROWS), at, 1));
    for (boolean onDisk : new boolean[] {false, true}) {
      ReadResult forwards = result(List.of(Slice.ALL), false, Integer.MAX_VALUE);
      assertThat(forwards.liveRows()).isEqualTo(2);
      assertThat(forwards.reached()).as("read to the end in one piece").isNull();
      ReadResult backwards = result(List.of(Slice.ALL), true, Integer.MAX_VALUE);
      assertThat(backwards.liveRows()).isEqualTo(2);
      assertThat(backwards.reached()).as("read to the end in one piece").isNull();
      if (!onDisk) {
        flush();
      }
    }
  }

  /** The first SSTable is damaged: a read that opens it fails. */
  private void damageOldest() throws IOException {
    Path oldest = fixture.files(".sst").getFirst();
    fixture.host.disk().flipBit(oldest, 100);
  }

  private void assertDamaged(ReadOutcome outcome) {
    assertThat(outcome).isInstanceOf(ReadFailure.class);
    assertThat(((ReadFailure) outcome).reason()).isEqualTo(ReadFailure.Reason.DAMAGED);
  }

  @Test
  void anOlderFileIsNotOpenedForARowThatANewerOneHasWhole() throws IOException {
    putRow(1);
    putRow(2);
    flush();
    putRow(1);
    flush();
    damageOldest();
    assertThat(result(List.of(only(1)), false, 1).liveRows()).isEqualTo(1);
    assertDamaged(read(List.of(only(2)), false, 1));
  }

  @Test
  void anOlderFileIsOpenedForARowThatANewerOneHasInPart() throws IOException {
    long at = ++timestamp;
    write(out ->
        out.beginRow(row(1))
            .rowLiveness(at)
            .cell(1, null, at, bytes("v"))
            .cell(2, null, at, bytes("w"))
            .endRow());
    flush();
    putRow(1);
    flush();
    damageOldest();
    assertDamaged(read(List.of(only(1)), false, 1));
  }

  @Test
  void aFileWithoutRowsInTheSliceIsNotOpened() throws IOException {
    for (int i = 0; i < 5; i++) {
      putRow(i);
    }
    flush();
    for (int i = 5; i < 10; i++) {
      putRow(i);
    }
    flush();
    damageOldest();
    ReadResult above = result(List.of(new Slice(row(5), RowKeys.HIGHEST)), false, 100);
    assertThat(above.liveRows()).isEqualTo(5);
    assertDamaged(read(List.of(new Slice(row(4), RowKeys.HIGHEST)), false, 100));
  }

  @Test
  void whatIsOlderThanThePartitionsDeletionIsNotOpened() throws IOException {
    putRow(1);
    flush();
    long at = ++timestamp;
    write(out -> out.partitionDeletion(at, 1));
    putRow(2);
    flush();
    damageOldest();
    assertThat(result(List.of(Slice.ALL), false, 100).liveRows()).isEqualTo(1);
  }
}
