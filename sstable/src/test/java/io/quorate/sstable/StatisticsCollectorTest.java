package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Rows that hold values of one timestamp are noted in a quick way, which must tell the same. */
class StatisticsCollectorTest {
  private static final byte[] VALUE = new byte[200];

  private final StatisticsCollector collector = new StatisticsCollector();
  private final KeyStep step = new KeyStep();
  private int rows;

  @Test
  void plainRows() throws IOException {
    add(row -> row.rowLiveness(7).cell(0, null, 7, VALUE).cell(3, null, 7, VALUE));
    add(row -> row.rowLiveness(5));
    add(row -> row.rowLiveness(9).cell(63, null, 9, new byte[0]));
    SSTableStatistics statistics = statistics();
    assertThat(statistics.entryCount()).isEqualTo(3);
    assertThat(statistics.columnIds()).containsExactly(0, 3, 63);
    assertThat(statistics.minTimestampMicros()).isEqualTo(5);
    assertThat(statistics.maxTimestampMicros()).isEqualTo(9);
    assertThat(statistics.minLocalSeconds()).isEqualTo(Long.MAX_VALUE);
    assertThat(statistics.maxLocalSeconds()).isEqualTo(Long.MAX_VALUE);
    assertThat(items(statistics)).isEqualTo(6);
  }

  @Test
  void aRowThatBeginsPlainIsNotedOnce() throws IOException {
    add(row -> row.rowLiveness(7).cell(0, null, 7, VALUE).cell(1, null, 4, VALUE));
    add(row -> row.rowLiveness(7).cell(0, null, 7, VALUE).cell(64, null, 7, VALUE));
    add(row -> row.rowLiveness(7).cell(2, null, 7, VALUE).expiringCell(5, null, 7, 10, 99, VALUE));
    add(row -> row.rowLiveness(7).cell(9, new byte[] {1}, 7, VALUE));
    SSTableStatistics statistics = statistics();
    assertThat(statistics.columnIds()).containsExactly(0, 1, 2, 5, 9, 64);
    assertThat(statistics.minTimestampMicros()).isEqualTo(4);
    assertThat(statistics.maxTimestampMicros()).isEqualTo(7);
    assertThat(statistics.minLocalSeconds()).isEqualTo(99);
    assertThat(statistics.maxLocalSeconds()).isEqualTo(Long.MAX_VALUE);
    assertThat(statistics.hasComplexColumns()).isTrue();
    assertThat(items(statistics)).isEqualTo(11);
  }

  private void add(Consumer<FragmentWriter> cells) throws IOException {
    FragmentWriter writer = new FragmentWriter().begin(new UUID(1, 2), 3, new byte[] {4});
    writer.beginRow(BenchmarkRows.rowKey(rows++));
    cells.accept(writer);
    Memtable memtable = new Memtable();
    memtable.put(Mutation.of(writer.endRow().finish()));
    EntryCursor entry = memtable.cursor();
    assertThat(entry.seekAtOrAfter(RowKeys.LOWEST, 0)).isTrue();
    step.to(entry.keyBytes, entry.keyOffset, entry.keyLength);
    collector.add(step, entry.valueBytes, entry.valueOffset, entry.valueLength);
  }

  private SSTableStatistics statistics() {
    return collector.statistics(TableSettings.DEFAULT, 0);
  }

  private static long items(SSTableStatistics statistics) {
    return Objects.requireNonNull(statistics.dropTimes()).itemCount();
  }
}
