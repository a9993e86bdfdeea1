package io.quorate.sstable;

import java.io.IOException;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Reads every block of an SSTable, and its index, filter and statistics, and checks them. */
final class VerifyJob extends CompactionJob {
  private final SSTable input;
  private @Nullable EntryCursor cursor;

  VerifyJob(Table table, SSTable input, StorageTask task) {
    super(table, List.of(input), task);
    this.input = input;
  }

  @Override
  boolean step(BooleanSupplier pause) throws IOException {
    EntryCursor at = cursor;
    boolean found;
    if (at == null) {
      input.verifySections();
      at = input.scanCursor(this::read);
      cursor = at;
      found = at.seekAtOrAfter(RowKeys.LOWEST, 0);
    } else {
      found = at.next();
    }
    while (found && !pause.getAsBoolean()) {
      found = at.next();
    }
    return !found;
  }

  @Override
  void complete() {
    // There is nothing to change.
  }

  @Override
  void abandon() {
    // There is nothing to undo.
  }

  @Override
  long spaceBytes() {
    return 0;
  }

  @Override
  long writtenBytes() {
    return 0;
  }
}
