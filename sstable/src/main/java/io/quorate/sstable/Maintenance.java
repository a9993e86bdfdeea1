package io.quorate.sstable;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator can have done to a table's SSTables, and how much of the machine such work
 * may use. Each request waits until nothing else is done to the table, is told of as a {@link
 * StorageTask}, and answers on a background thread. Safe for concurrent use.
 */
public final class Maintenance {
  private final StorageEngine engine;
  private final Compaction compaction;
  private final StorageEvents events;
  private volatile CompactionOptions options = CompactionOptions.DEFAULT;

  Maintenance(StorageEngine engine, Compaction compaction, StorageEvents events) {
    this.engine = engine;
    this.events = events;
    this.compaction = compaction;
  }

  public CompactionOptions options() {
    return options;
  }

  /** Takes other options from now on. */
  public void configure(CompactionOptions next) {
    options = next;
    compaction.configure(next);
  }

  public CompactionStats stats() {
    return compaction.stats();
  }

  /** Merges all SSTables of a table, as far as its strategy lets them be merged. */
  public StorageTask compact(UUID tableId, Consumer<@Nullable IOException> done) {
    return request(
        StorageTask.Kind.MAJOR_COMPACTION,
        tableId,
        done,
        (table, task) -> {
          List<SSTable> tables = table.version().tables();
          CompactionStrategy strategy = table.settings().compaction().strategy();
          List<CompactionJob> jobs = new ArrayList<>();
          for (CompactionPlan plan : strategy.all(table.compactions.candidates(tables))) {
            jobs.add(merge(table, tables, plan, task));
          }
          return jobs;
        });
  }

  CompactionJob merge(Table table, List<SSTable> tables, CompactionPlan plan, StorageTask task) {
    List<SSTable> inputs = new ArrayList<>();
    for (CompactionCandidate input : plan.inputs()) {
      for (SSTable sstable : tables) {
        if (sstable.number() == input.number()) {
          inputs.add(sstable);
        }
      }
    }
    return new RewriteJob(engine, table, inputs, plan, true, token -> true, task);
  }

  /**
   * Leaves out the rows of partitions that this node does not own.
   *
   * @param owned tokens whose rows are kept; what is written meanwhile is kept whatever its token
   */
  public StorageTask cleanup(
      UUID tableId, List<TokenRange> owned, Consumer<@Nullable IOException> done) {
    List<TokenRange> kept = List.copyOf(owned);
    return rewriteEach(
        StorageTask.Kind.CLEANUP,
        tableId,
        done,
        (table, sstable) -> {
          SSTableStatistics statistics = sstable.statistics();
          return !TokenRange.allContain(kept, statistics.minToken(), statistics.maxToken());
        },
        kept);
  }

  /** Rewrites SSTables that are of an older format, or of other settings than the table has now. */
  public StorageTask upgrade(UUID tableId, Consumer<@Nullable IOException> done) {
    return rewriteEach(
        StorageTask.Kind.UPGRADE,
        tableId,
        done,
        (table, sstable) -> !sstable.isWrittenAs(table.settings()),
        List.of(TokenRange.ALL));
  }

  private interface Choice {
    boolean isDue(Table table, SSTable sstable);
  }

  private StorageTask rewriteEach(
      StorageTask.Kind kind,
      UUID tableId,
      Consumer<@Nullable IOException> done,
      Choice choice,
      List<TokenRange> kept) {
    return request(
        kind,
        tableId,
        done,
        (table, task) -> {
          List<CompactionJob> jobs = new ArrayList<>();
          for (SSTable sstable : table.version().tables()) {
            if (choice.isDue(table, sstable)) {
              CompactionPlan plan =
                  new CompactionPlan(List.of(), sstable.level(), List.of(), Long.MAX_VALUE, false);
              jobs.add(
                  new RewriteJob(
                      engine,
                      table,
                      List.of(sstable),
                      plan,
                      false,
                      token -> TokenRange.anyContains(kept, token),
                      task));
            }
          }
          return jobs;
        });
  }

  /** Reads and checks every block. What is damaged is put aside, and the request fails. */
  public StorageTask verify(UUID tableId, Consumer<@Nullable IOException> done) {
    return request(
        StorageTask.Kind.VERIFY,
        tableId,
        done,
        (table, task) -> {
          List<CompactionJob> jobs = new ArrayList<>();
          table.version().tables().forEach(t -> jobs.add(new VerifyJob(table, t, task)));
          return jobs;
        });
  }

  /**
   * Brings back what can be read of damaged SSTables, also of those that were put aside. Reads of
   * tokens of which something was lost go on failing, until it is brought back from replicas.
   */
  public StorageTask scrub(UUID tableId, Consumer<@Nullable IOException> done) {
    return request(
        StorageTask.Kind.SCRUB,
        tableId,
        done,
        (table, task) -> {
          Version version = table.version();
          List<CompactionJob> jobs = new ArrayList<>();
          for (SSTable sstable : version.tables()) {
            jobs.add(ScrubJob.of(engine, table, sstable, task));
          }
          Map<Long, TokenRange> quarantined = new TreeMap<>();
          for (TableManifest.Listed listed : version.quarantined()) {
            quarantined.merge(
                listed.number(),
                new TokenRange(listed.minToken(), listed.maxToken()),
                (one, other) ->
                    new TokenRange(
                        Math.min(one.first(), other.first()), Math.max(one.last(), other.last())));
          }
          quarantined.forEach((number, tokens) -> {
            Path file = table.pathOf(number);
            Quarantine quarantine = engine.quarantined();
            if (quarantine.has(file)) {
              Path aside = quarantine.pathOf(file);
              jobs.add(ScrubJob.ofQuarantined(engine, table, number, aside, tokens, task));
            }
          });
          return jobs;
        });
  }

  private interface Jobs {
    List<CompactionJob> of(Table table, StorageTask task);
  }

  private StorageTask request(
      StorageTask.Kind kind, UUID tableId, Consumer<@Nullable IOException> done, Jobs jobs) {
    StorageTask task = new StorageTask(kind, tableId);
    events.taskBegan(task);
    engine.withTable(
        tableId,
        noTable -> {
          task.end(
              StorageTask.State.FAILED,
              noTable == null ? null : String.valueOf(noTable.getMessage()));
          done.accept(noTable);
        },
        table ->
            compaction.request(
                new MaintenanceRequest(table, task, () -> jobs.of(table, task), done)));
    return task;
  }
}
