package io.quorate.client;

import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ProtocolVersion;
import io.quorate.protocol.QueryParameters;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import io.quorate.protocol.ResultMetadata;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One statement's way over the nodes. Another node is tried when the first was not reached, or
 * refused before it did anything; when the outcome is unknown, only for an idempotent statement.
 *
 * <p>A node that cannot reach enough replicas may be the one that is cut off, so one other node is
 * asked. Not more of them: when replicas are really down, every node would say the same.
 */
final class Execution implements Wire.Callback {
  private final SessionConfig config;
  private final Statement statement;
  private final Iterator<NodePool> nodes;
  private final CompletableFuture<ResultPage> future = new CompletableFuture<>();
  private final long deadlineNanos;
  private @Nullable Wire wire;
  private boolean preparedAgain;
  private boolean askedForSecondOpinion;

  /**
   * @param nodes to ask, in order
   */
  Execution(SessionConfig config, Statement statement, Iterator<NodePool> nodes) {
    this.config = config;
    this.statement = statement;
    this.nodes = nodes;
    Duration timeout = statement.timeout() == null ? config.requestTimeout() : statement.timeout();
    this.deadlineNanos = System.nanoTime() + timeout.toNanos();
  }

  CompletableFuture<ResultPage> future() {
    return future;
  }

  void start() {
    Wire first = nextWire();
    if (first == null) {
      future.completeExceptionally(new ConnectionError("no node is connected"));
    } else {
      send(first);
    }
  }

  private @Nullable Wire nextWire() {
    wire = null;
    while (wire == null && nodes.hasNext()) {
      wire = nodes.next().wire();
    }
    return wire;
  }

  private void tryNext(RuntimeException last) {
    Wire next = nextWire();
    if (next == null || deadlineNanos - System.nanoTime() < 0) {
      future.completeExceptionally(last);
    } else {
      send(next);
    }
  }

  private void send(Wire to) {
    to.send(request(to), statement.traced(), deadlineNanos, this);
  }

  private Request request(Wire to) {
    ConsistencyLevel level =
        statement.consistency() == null ? config.consistency() : statement.consistency();
    int pageSize = statement.pageSize() == 0 ? config.pageSize() : statement.pageSize();
    PreparedStatement prepared = statement.prepared();
    // In version 5 the server tells when the columns are others than those that are known here.
    boolean knows = prepared != null && to.version() == ProtocolVersion.V5;
    QueryParameters parameters =
        QueryParameters.of(level, statement.values(), knows)
            .withPage(Math.max(0, pageSize), statement.pagingState());
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
    } else if (mayTryNext(failure.code()) && nodes.hasNext()) {
      tryNext(new RequestError(failure));
    } else {
      future.completeExceptionally(new RequestError(failure));
    }
  }

  private boolean mayTryNext(ErrorCode code) {
    return switch (code) {
      case OVERLOADED, IS_BOOTSTRAPPING -> true;
      case UNAVAILABLE -> secondOpinion();
      case READ_TIMEOUT, WRITE_TIMEOUT -> mayGoElsewhere() && secondOpinion();
      default -> false;
    };
  }

  private boolean secondOpinion() {
    boolean first = !askedForSecondOpinion;
    askedForSecondOpinion = true;
    return first;
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
    if (mayGoElsewhere()) {
      tryNext(error);
    } else {
      future.completeExceptionally(error);
    }
  }

  @Override
  public boolean mayGoElsewhere() {
    return statement.isIdempotent() || isRead();
  }

  private boolean isRead() {
    String text = statement.prepared() == null ? statement.text() : statement.prepared().query();
    return text.stripLeading().regionMatches(true, 0, "select", 0, 6);
  }
}
