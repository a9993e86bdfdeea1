package io.quorate.sstable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads what can be read of one SSTable. Where nothing was lost, and it was not put aside, it
 * stays; otherwise what was read becomes a new one, and the tokens of what was lost stay
 * quarantined: that covers also rows whose partition's deletion stood in a lost block.
 */
final class ScrubJob extends CompactionJob {
  private final StorageEngine engine;
  private final int generation;
  private final long number;
  private final Path path;
  private final TokenRange tokens;
  private final boolean quarantined;
  private final SSTableSeries out;
  private final LostTokens lost = new LostTokens();
  private @Nullable SSTable opened;

  /** Instead of an open one, when it cannot be opened. */
  private @Nullable SalvagedTable salvaged;

  private @Nullable PartitionCopy copy;
  private @Nullable String finding;
  private long writtenBytes;

  private ScrubJob(
      StorageEngine engine,
      Table table,
      List<SSTable> inputs,
      long number,
      Path path,
      TokenRange tokens,
      int level,
      StorageTask task) {
    super(table, inputs, task);
    this.engine = engine;
    this.generation = table.generation();
    this.number = number;
    this.path = path;
    this.tokens = tokens;
    this.quarantined = inputs.isEmpty();
    this.out = engine.newTables(table, level, List.of(), Long.MAX_VALUE);
  }

  static ScrubJob of(StorageEngine engine, Table table, SSTable sstable, StorageTask task) {
    return new ScrubJob(
        engine,
        table,
        List.of(sstable),
        sstable.number(),
        sstable.path(),
        new TokenRange(sstable.statistics().minToken(), sstable.statistics().maxToken()),
        sstable.level(),
        task);
  }

  /**
   * @param tokens that the manifest says it may have held
   */
  static ScrubJob ofQuarantined(
      StorageEngine engine,
      Table table,
      long number,
      Path aside,
      TokenRange tokens,
      StorageTask task) {
    return new ScrubJob(engine, table, List.of(), number, aside, tokens, 0, task);
  }

  @Override
  boolean step(BooleanSupplier pause) throws IOException {
    PartitionCopy begun = copy;
    if (begun == null) {
      open();
      if (salvaged != null && !salvaged.findBlocks(pause)) {
        return false;
      }
      EntryCursor source = source();
      if (source == null) {
        finding = path.getFileName() + ": nothing can be read";
        return true;
      }
      begun =
          new PartitionCopy(
              List.of(source), out, RowMerger.NEVER_SECONDS, token -> Purge.NONE, token -> true);
      copy = begun;
    }
    return begun.copy(pause);
  }

  private void open() throws IOException {
    if (opened != null || salvaged != null) {
      return;
    }
    try {
      opened = quarantined ? engine.quarantined().open(path, number) : inputs.getFirst();
    } catch (CorruptFileException e) {
      salvaged = engine.quarantined().openDamaged(path, tokens, this::read);
    }
  }

  private @Nullable EntryCursor source() {
    if (opened != null) {
      return opened.salvageCursor(this::read, lost);
    }
    return salvaged == null ? null : salvaged.cursor(lost);
  }

  @Override
  void complete() throws IOException {
    if (copy == null) {
      return;
    }
    if (!quarantined && lost.blocks() == 0) {
      out.abandon();
      return;
    }
    List<SSTable> added = out.finish();
    List<TableManifest.Listed> aside = new ArrayList<>();
    for (TokenRange range : lost.ranges()) {
      aside.add(new TableManifest.Listed(number, range.first(), range.last(), 0, true));
    }
    if (!quarantined) {
      engine.quarantined().link(path);
    }
    if (table.salvage(generation, quarantined ? null : opened, number, added, aside)) {
      writtenBytes = added.stream().mapToLong(SSTable::fileBytes).sum();
      finding =
          path.getFileName()
              + ": "
              + (lost.blocks() == 0
                  ? "all was read"
                  : lost.blocks() + " blocks are lost, with tokens in " + lost.ranges());
      engine.retire(inputs);
      engine.quarantined().wasRead(engine.quarantined().pathOf(table.pathOf(number)));
    } else {
      added.forEach(SSTable::obsolete);
      engine.release(added);
    }
  }

  @Override
  void abandon() throws IOException {
    out.abandon();
    SSTable open = opened;
    if (quarantined && open != null) {
      open.release();
      opened = null;
    }
    if (salvaged != null) {
      salvaged.close();
    }
  }

  @Override
  @Nullable String finding() {
    return finding;
  }

  @Override
  long spaceBytes() {
    return inputs.stream().mapToLong(SSTable::fileBytes).sum();
  }

  @Override
  long writtenBytes() {
    return writtenBytes;
  }
}
