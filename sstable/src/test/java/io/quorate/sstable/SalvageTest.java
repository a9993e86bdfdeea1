package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.SMALL;
import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.simulated.SimulatedFileSystem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One bad sector in the last part of a file must not cost an operator the whole file. */
class SalvageTest {
  private static final int ROWS = 300;

  private EngineFixture fixture;
  private Path file = Path.of("");

  @BeforeEach
  void begin() throws IOException {
    fixture = new EngineFixture(SMALL, 1);
  }

  private void write(Compression compression) throws IOException {
    fixture.createTable(
        TABLE,
        new TableSettings(
            0.01, compression, 4096, 864_000, Durability.OF_THE_NODE, CompactionSettings.DEFAULT));
    for (int row = 0; row < ROWS; row++) {
      fixture.put("key" + row, value(row));
    }
    // A row that is larger than a block, and a deletion.
    fixture.put("large", "y".repeat(7_000) + new Random(1).nextLong());
    long now = fixture.environment.clock().wallSeconds();
    fixture.send(
        Mutation.of(
            new FragmentWriter()
                .begin(TABLE, EngineFixture.token("key7"), EngineFixture.bytes("key7"))
                .partitionDeletion(1_000_000, now)
                .finish()));
    fixture.world.runFor(1_000_000_000L);
    fixture.succeed(done -> fixture.engine.flush(TABLE, done));
    file = fixture.files(".sst").getFirst();
    fixture.host.kill();
  }

  private static String value(int row) {
    return row + "-" + Long.toHexString(new Random(row).nextLong()).repeat(6);
  }

  /** How many rows are refused; the others must be right. */
  private int refused() {
    int refused = 0;
    for (int row = 0; row < ROWS; row++) {
      if (fixture.read(TABLE, "key" + row) instanceof ReadResult result) {
        assertThat(EngineFixture.value(result)).isEqualTo(row == 7 ? null : value(row));
      } else {
        refused++;
      }
    }
    return refused;
  }

  enum Part {
    FILTER,
    STATISTICS,
    INDEX,
    FOOTER,
    FILTER_AND_FOOTER,
    ALL
  }

  private void damage(Part part) throws IOException {
    SimulatedFileSystem disk = fixture.host.disk();
    byte[] bytes = disk.readAll(file);
    int footer = bytes.length - SSTableFormat.FOOTER_BYTES;
    long filter = ByteReader.longAt(bytes, footer);
    long statistics = ByteReader.longAt(bytes, footer + 12);
    long index = ByteReader.longAt(bytes, footer + 24);
    switch (part) {
      case FILTER -> disk.flipBit(file, 8 * (filter + 40));
      case STATISTICS -> disk.flipBit(file, 8 * (statistics + 30));
      case INDEX -> disk.flipBit(file, 8 * (index + 20));
      case FOOTER -> disk.flipBit(file, 8 * (footer + 3L));
      case FILTER_AND_FOOTER -> {
        disk.flipBit(file, 8 * (filter + 40));
        disk.flipBit(file, 8 * (footer + 3L));
      }
      case ALL -> disk.cutOff(file, filter);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FILTER, LZ4",
    "STATISTICS, LZ4",
    "INDEX, LZ4",
    "INDEX, NONE",
    "INDEX, ZSTD",
    "FOOTER, LZ4",
    "FOOTER, NONE",
    "ALL, LZ4",
  })
  void whatIsNotDataCostsNothing(Part part, Compression compression) throws IOException {
    write(compression);
    damage(part);
    fixture.reopen();
    assertThat(refused()).isEqualTo(ROWS);
    fixture.succeed(done -> fixture.engine.maintenance().scrub(TABLE, done));
    assertThat(fixture.events.begun.getLast().outcome()).contains("all was read");
    assertThat(refused()).isZero();
    assertThat(fixture.stats(TABLE).quarantinedCount()).isZero();
    assertThat(fixture.value("large")).hasSizeGreaterThan(7_000);
    fixture.succeed(done -> fixture.engine.maintenance().verify(TABLE, done));
    fixture.host.crash();
    fixture.reopen();
    assertThat(refused()).isZero();
  }

  /** Where the data ends is not known any more: whatever may have stood behind stays refused. */
  @ParameterizedTest
  @EnumSource(names = "FILTER_AND_FOOTER")
  void withoutAnEndTheEndIsNotBelieved(Part part) throws IOException {
    write(Compression.LZ4);
    damage(part);
    fixture.reopen();
    fixture.succeed(done -> fixture.engine.maintenance().scrub(TABLE, done));
    assertThat(refused()).isBetween(1, ROWS / 4);
  }

  @ParameterizedTest
  @EnumSource(names = {"FILTER", "INDEX", "FOOTER"})
  void damagedDataCostsABlockOrWhatStandsBehindIt(Part part) throws IOException {
    write(Compression.LZ4);
    damage(part);
    fixture.host.disk().flipBit(file, 8 * 8_000);
    fixture.reopen();
    fixture.succeed(done -> fixture.engine.maintenance().scrub(TABLE, done));
    int lost = refused();
    // Without an index nobody knows where the next block begins.
    assertThat(lost).isBetween(1, part == Part.FILTER ? ROWS / 4 : ROWS - 20);
    fixture.host.crash();
    fixture.reopen();
    assertThat(refused()).as("it is not forgotten in a restart").isEqualTo(lost);
    fixture.succeed(done -> fixture.engine.maintenance().scrub(TABLE, done));
    assertThat(refused()).isEqualTo(lost);
  }

  @ParameterizedTest
  @CsvSource({"0", "100", "7000"})
  void aFileThatWasCutOffGivesWhatIsLeft(long bytes) throws IOException {
    write(Compression.LZ4);
    fixture.host.disk().cutOff(file, bytes);
    fixture.reopen();
    fixture.succeed(done -> fixture.engine.maintenance().scrub(TABLE, done));
    assertThat(refused())
        .isBetween(bytes < 5_000 ? ROWS : ROWS / 4, bytes < 5_000 ? ROWS : ROWS - 1);
  }
}
