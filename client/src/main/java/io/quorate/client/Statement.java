package io.quorate.client;

import io.quorate.protocol.BoundValues;
import io.quorate.protocol.ConsistencyLevel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something to run, with how to run it. Immutable.
 *
 * @param text of a statement that is not prepared; empty for a bound one
 * @param prepared of a bound statement
 * @param consistency null for the session's
 * @param pageSize rows a page; 0 for the session's, negative for one page with all
 * @param pagingState where to go on; null for the first page
 * @param timeout null for the session's
 * @param isIdempotent whether it may be sent again when its outcome is not known
 * @param traced whether the server shall trace it
 */
@SuppressWarnings("ArrayRecordComponent") // statements are never compared
public record Statement(
    String text,
    @Nullable PreparedStatement prepared,
    BoundValues values,
    @Nullable ConsistencyLevel consistency,
    int pageSize,
    byte @Nullable [] pagingState,
    @Nullable Duration timeout,
    boolean isIdempotent,
    boolean traced) {

  /** A statement by its text. */
  public static Statement of(String text) {
    return new Statement(text, null, BoundValues.NONE, null, 0, null, null, false, false);
  }

  static Statement bound(PreparedStatement prepared, BoundValues values) {
    return new Statement("", prepared, values, null, 0, null, null, false, false);
  }

  public Statement withConsistency(ConsistencyLevel level) {
    return new Statement(
        text, prepared, values, level, pageSize, pagingState, timeout, isIdempotent, traced);
  }

  public Statement withPageSize(int rows) {
    return new Statement(
        text, prepared, values, consistency, rows, pagingState, timeout, isIdempotent, traced);
  }

  public Statement withPagingState(byte @Nullable [] state) {
    return new Statement(
        text, prepared, values, consistency, pageSize, state, timeout, isIdempotent, traced);
  }

  public Statement withTimeout(Duration newTimeout) {
    return new Statement(
        text,
        prepared,
        values,
        consistency,
        pageSize,
        pagingState,
        newTimeout,
        isIdempotent,
        traced);
  }

  /** May be sent again when its outcome is not known. */
  public Statement idempotent() {
    return new Statement(
        text, prepared, values, consistency, pageSize, pagingState, timeout, true, traced);
  }
}
