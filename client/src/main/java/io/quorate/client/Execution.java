package io.quorate.client;

import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.QueryParameters;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import io.quorate.protocol.ResultMetadata;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One statement's way over the nodes. Another node is tried when the first was not reached, or
 * refused before it did anything; when the outcome is unknown, only for an idempotent statement.
 */
final class Execution implements Wire.Callback {
  private final Session session;
  private final Statement statement;
  private final CompletableFuture<ResultPage> future = new CompletableFuture<>();
  private final long deadlineNanos;
  private Iterator<NodePool> nodes = Collections.emptyIterator();
  private @Nullable Wire wire;
  private boolean preparedAgain;

  Execution(Session session, Statement statement) {
    this.session = session;
    this.statement = statement;
    Duration timeout =
        statement.timeout() == null ? session.config().requestTimeout() : statement.timeout();
    this.deadlineNanos = System.nanoTime() + timeout.toNanos();
  }

  CompletableFuture<ResultPage> future() {
    return future;
  }

  void start(List<NodePool> route) {
    nodes = new ArrayList<>(route).iterator();
    tryNext(new ConnectionError("no node is connected"));
  }

  private void tryNext(RuntimeException last) {
    wire = null;
    while (wire == null && nodes.hasNext()) {
      wire = nodes.next().wire();
    }
    if (wire == null || deadlineNanos - System.nanoTime() < 0) {
      future.completeExceptionally(last);
      return;
    }
    send(wire);
  }

  private void send(Wire to) {
    to.send(request(), statement.traced(), deadlineNanos - System.nanoTime(), this);
  }

  private Request request() {
    SessionConfig config = session.config();
    ConsistencyLevel level =
        statement.consistency() == null ? config.consistency() : statement.consistency();
    int pageSize = statement.pageSize() == 0 ? config.pageSize() : statement.pageSize();
    QueryParameters parameters =
        QueryParameters.of(level, statement.values())
            .withPage(Math.max(0, pageSize), statement.pagingState());
    PreparedStatement prepared = statement.prepared();
    return prepared == null
        ? new Request.Query(statement.text(), parameters)
        : new Request.Execute(prepared.id(), prepared.result().id(), parameters);
  }

  @Override
  public @Nullable ResultMetadata known() {
    PreparedStatement prepared = statement.prepared();
    return prepared == null ? null : prepared.result();
  }

  @Override
  public void responded(Response response, List<String> warnings) {
    if (response instanceof Response.Result result) {
      PreparedStatement prepared = statement.prepared();
      if (prepared != null && result instanceof Response.Rows rows && rows.metadataChanged()) {
        prepared.resultChanged(rows.metadata());
      }
      future.complete(ResultPage.of(result, warnings));
    } else if (response instanceof Response.Failure failure) {
      refused(failure);
    } else {
      future.completeExceptionally(new ConnectionError("unexpected " + response));
    }
  }

  private void refused(Response.Failure failure) {
    PreparedStatement prepared = statement.prepared();
    if (failure.code() == ErrorCode.UNPREPARED && prepared != null && !preparedAgain) {
      preparedAgain = true;
      prepareHere(prepared.query());
    } else if (nothingWasDone(failure.code()) && nodes.hasNext()) {
      tryNext(new RequestError(failure));
    } else {
      future.completeExceptionally(new RequestError(failure));
    }
  }

  private static boolean nothingWasDone(ErrorCode code) {
    return code == ErrorCode.OVERLOADED || code == ErrorCode.IS_BOOTSTRAPPING;
  }

  private void prepareHere(String query) {
    Wire here = wire;
    if (here == null) {
      return;
    }
    here.send(
        new Request.Prepare(query, null),
        new Wire.Callback() {
          @Override
          public void responded(Response response, List<String> warnings) {
            if (response instanceof Response.Failure failure) {
              future.completeExceptionally(new RequestError(failure));
            } else {
              send(here);
            }
          }

          @Override
          public void failed(ConnectionError error) {
            Execution.this.failed(error);
          }
        });
  }

  @Override
  public void failed(ConnectionError error) {
    if (statement.isIdempotent() || isRead()) {
      tryNext(error);
    } else {
      future.completeExceptionally(error);
    }
  }

  private boolean isRead() {
    String text = statement.prepared() == null ? statement.text() : statement.prepared().query();
    return text.stripLeading().regionMatches(true, 0, "select", 0, 6);
  }
}
