package io.quorate.cql;

import io.quorate.coordinator.Coordinator;
import io.quorate.coordinator.PartitionRead;
import io.quorate.coordinator.RangeRead;
import io.quorate.coordinator.RequestFailure;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.Md5;
import io.quorate.protocol.Response;
import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.InvalidValueException;
import io.quorate.protocol.types.RowKey;
import io.quorate.sstable.RangePosition;
import io.quorate.sstable.ReadLimits;
import io.quorate.sstable.ReadResult;
import io.quorate.sstable.RowKeys;
import io.quorate.sstable.Slice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One page of a SELECT: reads partition after partition, or range after range, until the page is
 * full, the limit is reached or nothing is left.
 *
 * <p>Owned by the shard that runs it. Answers may come before a read returns; {@link #advance}
 * turns that into a loop, so that a million partitions do not take a million stack frames.
 */
final class SelectExecution {
  /** Rows a read asks for when it cannot know how many the page will take. */
  private static final int CHUNK_ROWS = 1_000;

  /** The rows of a partition in a table without clustering columns. */
  private static final List<Slice> ONLY_ROW = List.of(Slice.ofRow(RowKey.onlyRow()));

  /**
   * A page ends after so many short reads, where the client can ask for the next one: a desert of
   * tombstones is crossed in several pages rather than in none, by the deadline.
   */
  private static final int MOST_SHORT_READS = 4;

  private final SelectPlan plan;
  private final ExecutionContext context;
  private final ConsistencyLevel level;
  private final long deadlineNanos;
  private final @Nullable Md5 knownMetadata;
  private final Consumer<Response> answer;

  private final RowBuffer row;
  private final RowSource source;
  private final RowFilter filter;
  private final ResultRows rows = new ResultRows();
  private final List<Aggregate.State> aggregates;
  private final List<SortedRow> toSort;
  private final boolean sorts;
  private final boolean paged;

  private final List<Slice> slices;
  private final boolean includeStatic;
  private final long perPartitionLimit;

  private long remaining;
  private long remainingInPage;
  private long remainingInPartition;

  // By key.
  private final List<PartitionKey> keys;
  private int keyIndex;

  // By range.
  private @Nullable RangePosition from;
  private long lastToken = Long.MAX_VALUE;

  /** Last row seen of the partition under way, from which the next read goes on. */
  private byte @Nullable [] resumeAfter;

  /** The partition under way: its rows may come in several pieces, and over several pages. */
  private byte @Nullable [] partitionKey;

  /**
   * Whether a row of the partition under way was seen: then its static row is not one by itself.
   */
  private boolean rowSeen;

  /** Reads of this page that came short because there was much to read and little to be seen. */
  private int shortReads;

  private boolean running;
  private boolean again;
  private boolean done;

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record SortedRow(byte[] rowKey, List<byte @Nullable []> values) {}

  /**
   * Reads a page, and answers once, whatever happens.
   *
   * @param keys of {@link PartitionKey#all}: which partitions; none when the plan is not by key
   * @param knownMetadata id of the columns as the client knows them; null if it must be told
   */
  static void start(
      SelectPlan plan,
      List<PartitionKey> keys,
      ExecutionContext context,
      long deadlineNanos,
      @Nullable Md5 knownMetadata,
      Consumer<Response> answer) {
    SelectExecution execution;
    try {
      execution = new SelectExecution(plan, keys, context, deadlineNanos, knownMetadata, answer);
    } catch (RuntimeException e) {
      answer.accept(failureOf(e));
      throwIfUnforeseen(e);
      return;
    }
    execution.advance();
  }

  private SelectExecution(
      SelectPlan plan,
      List<PartitionKey> keys,
      ExecutionContext context,
      long deadlineNanos,
      @Nullable Md5 knownMetadata,
      Consumer<Response> answer) {
    this.plan = plan;
    this.keys = keys;
    this.context = context;
    this.level = context.parameters().consistency();
    this.deadlineNanos = deadlineNanos;
    this.knownMetadata = knownMetadata;
    this.answer = answer;
    this.row = new RowBuffer(plan.columns().size(), context);
    this.source = new RowSource(plan.slots(), row);
    this.filter = RowFilter.of(plan.restrictions().filters(), plan.filterSlots(), context);
    this.slices = slices(plan, context);
    this.includeStatic = plan.table().hasStatics();
    this.perPartitionLimit =
        plan.distinct()
            ? 1
            : SelectPlan.limit(plan.perPartitionLimit(), "PER PARTITION LIMIT", context);
    this.remaining = SelectPlan.limit(plan.limit(), "LIMIT", context);
    boolean isAggregate = plan.selection().isAggregate();
    int pageSize = context.parameters().pageSize();
    this.paged = pageSize > 0 && !isAggregate;
    this.remainingInPage = paged ? pageSize : Long.MAX_VALUE;
    this.remainingInPartition = perPartitionLimit;
    this.aggregates = plan.selection().beginAggregates();
    if (isAggregate) {
      remaining = SelectPlan.NO_LIMIT;
    }
    byte[] pagingState = context.parameters().pagingState();
    PagingState resume = pagingState == null ? null : PagingState.decode(pagingState);
    if (resume != null) {
      remaining = Math.min(remaining, resume.remaining());
      remainingInPartition = resume.remainingInPartition();
      partitionKey = resume.key();
      rowSeen = resume.rowSeen();
    }
    if (plan.isByKey()) {
      beginKeys(resume);
    } else {
      beginRange(resume);
    }
    this.sorts = plan.ordered() && keys.size() > 1;
    this.toSort = sorts ? new ArrayList<>() : List.of();
    if (sorts && pageSize > 0) {
      throw RequestException.invalid(
          "Cannot page queries with both ORDER BY and a IN restriction on the partition key; you"
              + " must either remove the ORDER BY or the IN and sort client side, or disable paging"
              + " for this query");
    }
  }

  private static List<Slice> slices(SelectPlan plan, ExecutionContext context) {
    List<ClusteringRestriction> clustering = plan.restrictions().clustering();
    if (!plan.isByKey() || !plan.isByRowKey()) {
      return ClusteringSlices.of(clustering, context);
    }
    return clustering.isEmpty() ? ONLY_ROW : ClusteringSlices.rows(clustering, context);
  }

  private void beginKeys(@Nullable PagingState resume) {
    if (resume != null) {
      while (keyIndex < keys.size() && keys.get(keyIndex).isBefore(resume.token(), resume.key())) {
        keyIndex++;
      }
      resumeAfter = resume.rowKey();
      boolean isSame =
          keyIndex < keys.size() && Arrays.equals(keys.get(keyIndex).key(), resume.key());
      if (!isSame) {
        resumeAfter = null;
        remainingInPartition = perPartitionLimit;
      } else if (resumeAfter == null || remainingInPartition == 0) {
        nextKey();
      }
    }
  }

  private long token(Restrictions.TokenBound bound) {
    byte[] value = bound.value().value(context);
    if (value.length != Long.BYTES) {
      throw RequestException.invalid("Invalid empty value in condition for token");
    }
    return BigEndian.readLong(value, 0);
  }

  private void beginRange(@Nullable PagingState resume) {
    long first = Long.MIN_VALUE;
    Restrictions.TokenBound lower = plan.restrictions().lowerToken();
    if (lower != null) {
      long token = token(lower);
      if (!lower.inclusive() && token == Long.MAX_VALUE) {
        return;
      }
      first = lower.inclusive() ? token : token + 1;
    }
    Restrictions.TokenBound upper = plan.restrictions().upperToken();
    if (upper != null) {
      long token = token(upper);
      // The smallest token is where the ring begins and ends: as an upper end it is no bound.
      if (token != Long.MIN_VALUE) {
        lastToken = upper.inclusive() ? token : token - 1;
      }
    }
    if (first > lastToken) {
      return;
    }
    if (resume == null) {
      from = RangePosition.startOf(first);
    } else {
      resumeAfter = resume.rowKey();
      from =
          resumeAfter == null
              ? RangePosition.afterPartition(resume.token(), resume.key())
              : new RangePosition(resume.token(), resume.key(), resumeAfter);
    }
  }

  /** Starts, or goes on after an answer. */
  private void advance() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      try {
        step();
      } catch (RuntimeException e) {
        failed(e);
      }
    } while (again && !done);
    running = false;
  }

  private void step() {
    if (slices.isEmpty() && !includeStatic) {
      finish(null);
    } else if (plan.isByKey()) {
      readKey();
    } else {
      readRange();
    }
  }

  private void failed(RuntimeException e) {
    finish(failureOf(e));
    throwIfUnforeseen(e);
  }

  private static Response.Failure failureOf(RuntimeException e) {
    return switch (e) {
      case RequestException refusal -> refusal.response();
      case InvalidValueException invalid ->
          RequestException.invalid(String.valueOf(invalid.getMessage())).response();
      default ->
          new Response.Failure(
              ErrorCode.SERVER_ERROR, "The read has failed for a reason that is in the node's log");
    };
  }

  /** A bug is answered, so that nobody waits, and then goes on to whoever reports it. */
  private static void throwIfUnforeseen(RuntimeException e) {
    if (!(e instanceof RequestException || e instanceof InvalidValueException)) {
      throw e;
    }
  }

  private void failed(RequestFailure failure) {
    finish(Failures.response(failure));
  }

  private void finish(Response.@Nullable Failure failure) {
    if (done) {
      return;
    }
    done = true;
    answer.accept(failure != null ? failure : response(null));
  }

  private Response.Rows response(byte @Nullable [] pagingState) {
    Selection selection = plan.selection();
    if (selection.isAggregate()) {
      List<byte @Nullable []> values = new ArrayList<>();
      aggregates.forEach(state -> values.add(state.result()));
      rows.add(values);
    }
    if (sorts) {
      addSorted();
    }
    Md5 id = selection.metadata().id();
    // A client that cannot say which columns it knows (version 4) is always told: it would read
    // rows by the columns of before a schema change.
    boolean skip = context.parameters().skipMetadata() && knownMetadata != null;
    boolean changed = skip && !id.equals(knownMetadata);
    return rows.toResponse(selection.metadata(), !skip || changed, changed, pagingState);
  }

  private void addSorted() {
    Comparator<SortedRow> order = Comparator.comparing(SortedRow::rowKey, Arrays::compareUnsigned);
    toSort.sort(plan.reversed() ? order.reversed() : order);
    long limit = SelectPlan.limit(plan.limit(), "LIMIT", context);
    toSort.stream().limit(limit).forEach(sorted -> rows.add(sorted.values()));
  }

  /** How many rows to ask for: exactly those that are missing, where every row counts. */
  private int rowsToRead() {
    long wanted = Math.min(Math.min(remaining, remainingInPage), remainingInPartition);
    if (!everyRowCounts()) {
      wanted = Math.max(CHUNK_ROWS, Math.min(remainingInPage, Integer.MAX_VALUE));
    }
    return (int) Math.min(wanted, Integer.MAX_VALUE);
  }

  /** Whether each row that a read finds is one of the answer. */
  private boolean everyRowCounts() {
    return filter.isEmpty() && !plan.selection().isAggregate() && !sorts;
  }

  // ---- by key

  private void nextKey() {
    keyIndex++;
    resumeAfter = null;
    remainingInPartition = perPartitionLimit;
  }

  private void readKey() {
    if (keyIndex >= keys.size() || remaining == 0) {
      finish(null);
      return;
    }
    PartitionKey key = keys.get(keyIndex);
    ReadLimits limits =
        new ReadLimits(
            remainingSlices(), includeStatic, plan.reversed(), rowsToRead(), context.nowSeconds());
    context
        .coordinator()
        .read(
            new PartitionRead(plan.table(), key.token(), key.key(), limits),
            level,
            deadlineNanos,
            new Coordinator.Answer<ReadResult>() {
              @Override
              public void succeeded(ReadResult result) {
                partitionRead(key, result);
              }

              @Override
              public void failed(RequestFailure failure) {
                SelectExecution.this.failed(failure);
              }
            });
  }

  private List<Slice> remainingSlices() {
    byte[] last = resumeAfter;
    if (last == null) {
      return slices;
    }
    Slice rest =
        plan.reversed()
            ? new Slice(RowKeys.LOWEST, last)
            : new Slice(Arrays.copyOf(last, last.length + 1), RowKeys.highest());
    return ClusteringSlices.intersection(slices, List.of(rest));
  }

  private void partitionRead(PartitionKey key, ReadResult result) {
    try {
      takePartition(key.token(), key.key(), result.fragment(), result.reached());
      boolean goesOn = result.cut() && remainingInPartition > 0 && !remainingSlices().isEmpty();
      boolean partitionDone = !goesOn && !stoppedInside;
      if (remaining > 0 && (remainingInPage == 0 || (goesOn && endsEarly()))) {
        boolean more = !partitionDone || keyIndex + 1 < keys.size();
        endPage(more, key.token(), key.key(), partitionDone ? null : resumeAfter);
        return;
      }
      if (partitionDone || remainingInPartition == 0) {
        nextKey();
      }
    } catch (RuntimeException e) {
      failed(e);
      return;
    }
    advance();
  }

  /** Notes that a read came short; whether that was the last one for this page. */
  private boolean endsEarly() {
    return paged && remainingInPage > 0 && ++shortReads >= MOST_SHORT_READS;
  }

  private void endPage(boolean more, long token, byte[] key, byte @Nullable [] rowKey) {
    done = true;
    PagingState state =
        new PagingState(token, key, rowKey, rowSeen, remaining, remainingInPartition);
    answer.accept(response(more ? state.encode() : null));
  }

  // ---- by range

  private void readRange() {
    RangePosition start = from;
    if (start == null || remaining == 0) {
      finish(null);
      return;
    }
    int inPartition =
        filter.isEmpty() ? (int) Math.min(perPartitionLimit, Integer.MAX_VALUE) : Integer.MAX_VALUE;
    ReadLimits limits =
        new ReadLimits(slices, includeStatic, false, inPartition, context.nowSeconds());
    long wanted =
        everyRowCounts()
            ? Math.min(Math.min(remaining, remainingInPage), CHUNK_ROWS * 10L)
            : CHUNK_ROWS;
    context
        .coordinator()
        .readRange(
            new RangeRead(plan.table(), start, lastToken, limits, (int) wanted),
            level,
            deadlineNanos,
            new Coordinator.Answer<Coordinator.RangeRows>() {
              @Override
              public void succeeded(Coordinator.RangeRows result) {
                rangeRead(result);
              }

              @Override
              public void failed(RequestFailure failure) {
                SelectExecution.this.failed(failure);
              }
            });
  }

  /** Whether a position has rows of its partition before it and may have others behind it. */
  private static boolean isInside(RangePosition position) {
    byte[] row = position.afterRow();
    return row.length > 0 && Arrays.compareUnsigned(row, RowKeys.highest()) < 0;
  }

  private void rangeRead(Coordinator.RangeRows result) {
    try {
      List<Coordinator.PartitionRows> partitions = result.partitions();
      for (int i = 0; i < partitions.size(); i++) {
        Coordinator.PartitionRows partition = partitions.get(i);
        boolean isLast = i == partitions.size() - 1;
        RangePosition next = result.next();
        byte[] reached = null;
        if (!isLast && Arrays.equals(partitions.get(i + 1).key(), partition.key())) {
          reached = RowKeys.LOWEST;
        } else if (isLast && next != null && Arrays.equals(next.key(), partition.key())) {
          reached = isInside(next) ? next.afterRow() : null;
        }
        takePartition(partition.token(), partition.key(), partition.fragment(), reached);
        if (remaining == 0) {
          finish(null);
          return;
        }
        if (remainingInPage == 0) {
          boolean inside = (stoppedInside || reached != null) && remainingInPartition > 0;
          boolean more = inside || !isLast || next != null;
          endPage(more, partition.token(), partition.key(), inside ? resumeAfter : null);
          return;
        }
      }
      from = result.next();
      if (from != null && endsEarly()) {
        endPageAt(from);
        return;
      }
    } catch (RuntimeException e) {
      failed(e);
      return;
    }
    advance();
  }

  private void endPageAt(RangePosition next) {
    if (!Arrays.equals(next.key(), partitionKey)) {
      rowSeen = false;
      remainingInPartition = perPartitionLimit;
    }
    boolean partitionDone = Arrays.equals(next.afterRow(), RowKeys.highest());
    endPage(true, next.token(), next.key(), partitionDone ? null : next.afterRow());
  }

  // ---- rows

  /** Whether the last partition was left before its last row. */
  private boolean stoppedInside;

  /**
   * @param reached where reading the partition was cut, though rows may follow in another fragment;
   *     null when it was read to its end
   */
  private void takePartition(long token, byte[] key, byte[] fragment, byte @Nullable [] reached) {
    stoppedInside = false;
    if (!Arrays.equals(key, partitionKey)) {
      partitionKey = key;
      rowSeen = false;
      resumeAfter = null;
      remainingInPartition = perPartitionLimit;
    }
    source.begin(token, key, fragment, plan.reversed());
    if (plan.distinct()) {
      if (!rowSeen && (source.hasStatic() || source.next())) {
        rowSeen = true;
        takeRow(null);
      }
      return;
    }
    if (everyRowCounts()) {
      rows.expect(fragment.length + key.length);
    }
    while (source.next()) {
      rowSeen = true;
      if (remaining == 0 || remainingInPage == 0 || remainingInPartition == 0) {
        stoppedInside = remainingInPartition > 0;
        return;
      }
      byte[] rowKey = sorts ? source.rowKey() : null;
      takeRow(rowKey);
      if (remainingInPage == 0) {
        resumeAfter = source.rowKey();
      }
    }
    if (reached != null && remainingInPage > 0) {
      resumeAfter = reached;
    }
    boolean staticAlone =
        !rowSeen && reached == null && source.hasStatic() && !plan.restrictsRows();
    if (staticAlone) {
      takeRow(sorts ? new byte[0] : null);
    }
  }

  private void takeRow(byte @Nullable [] sortKey) {
    if (!filter.accepts(row)) {
      return;
    }
    Selection selection = plan.selection();
    if (selection.isAggregate()) {
      aggregates.forEach(state -> state.add(row));
      if (remainingInPartition != SelectPlan.NO_LIMIT) {
        remainingInPartition--;
      }
      return;
    }
    if (sortKey != null) {
      List<byte @Nullable []> values = new ArrayList<>(selection.columns().size());
      selection.columns().forEach(column -> values.add(column.bytes(row)));
      toSort.add(new SortedRow(sortKey, values));
    } else {
      rows.add(selection.columns(), row);
      remaining--;
      remainingInPage--;
    }
    remainingInPartition--;
  }
}
