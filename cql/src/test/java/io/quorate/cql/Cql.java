package io.quorate.cql;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.cql.system.SystemTables;
import io.quorate.environment.Clock;
import io.quorate.environment.Randomness;
import io.quorate.protocol.BoundValues;
import io.quorate.protocol.ColumnSpec;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.Md5;
import io.quorate.protocol.QueryParameters;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import io.quorate.protocol.types.BigEndian;
import io.quorate.protocol.types.JavaValues;
import io.quorate.protocol.types.ValueFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A client of a query processor over a coordinator in memory: text in, text out. */
final class Cql {
  final FakeCoordinator coordinator = new FakeCoordinator();
  final ClientState client = new ClientState();
  final TestShards shards = new TestShards(2);
  final QueryProcessor processor;
  long wallSeconds = 1_000_000;
  int pageSize;
  byte @Nullable [] pagingState;

  Cql() {
    Clock clock =
        new Clock() {
          @Override
          public long nanos() {
            return wallMicros() * 1_000;
          }

          @Override
          public long wallMicros() {
            return wallSeconds * 1_000_000;
          }
        };
    Random random = new Random(1);
    Randomness randomness = random::nextLong;
    processor =
        new QueryProcessor(
            coordinator,
            new SystemTables(coordinator, "test cluster"),
            shards.shards(),
            clock,
            randomness,
            Timeouts.DEFAULT);
    run(
        "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy',"
            + " 'replication_factor': 1}");
    run("USE ks");
  }

  Response answer(Consumer<Consumer<Response>> request) {
    AtomicReference<@Nullable Response> received = new AtomicReference<>();
    request.accept(response -> {
      assertThat(shards.current()).as("answered where it came in").isZero();
      assertThat(received.compareAndSet(null, response)).as("answered once").isTrue();
    });
    shards.run();
    Response response = received.get();
    if (response == null) {
      throw new AssertionError("no answer");
    }
    return response;
  }

  private QueryParameters parameters(BoundValues values) {
    return QueryParameters.of(ConsistencyLevel.ONE, values).withPage(pageSize, pagingState);
  }

  Response query(String text) {
    return answer(
        to -> processor.query(new Request.Query(text, parameters(BoundValues.NONE)), client, to));
  }

  Response.Prepared prepare(String text) {
    return (Response.Prepared)
        answer(to -> processor.prepare(new Request.Prepare(text, null), client, to));
  }

  /** Prepares and executes with Java values; null is null. */
  Response execute(String text, @Nullable Object... values) {
    Response.Prepared prepared = prepare(text);
    return execute(prepared.statementId(), bind(prepared, values));
  }

  Response execute(Md5 id, BoundValues values) {
    return answer(
        to -> processor.execute(new Request.Execute(id, null, parameters(values)), client, to));
  }

  static BoundValues bind(Response.Prepared prepared, @Nullable Object... values) {
    List<byte @Nullable []> bytes = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      Object value = values[i];
      bytes.add(
          value == null
              ? null
              : JavaValues.encode(prepared.markers().columns().get(i).type(), value));
    }
    return BoundValues.of(bytes);
  }

  /** Runs what must succeed. */
  Response run(String text) {
    Response response = query(text);
    if (response instanceof Response.Failure failure) {
      throw new AssertionError(text + ": " + failure.code() + " " + failure.message());
    }
    return response;
  }

  /** The message of what must fail. */
  String error(String text) {
    Response response = query(text);
    assertThat(response).as(text).isInstanceOf(Response.Failure.class);
    return ((Response.Failure) response).message();
  }

  /** Rows as text, such as {@code [1 'a' null]}. */
  List<String> rows(String text) {
    return rows(run(text));
  }

  static List<String> rows(Response response) {
    if (!(response instanceof Response.Rows rows)) {
      throw new AssertionError(response);
    }
    List<String> result = new ArrayList<>();
    int at = 0;
    for (int row = 0; row < rows.rowCount(); row++) {
      List<String> values = new ArrayList<>();
      for (ColumnSpec column : rows.metadata().columns()) {
        int length = BigEndian.readInt(rows.rows(), at);
        at += 4;
        byte[] value = length < 0 ? null : Arrays.copyOfRange(rows.rows(), at, at + length);
        at += Math.max(0, length);
        values.add(ValueFormat.toCql(column.type(), value));
      }
      result.add(String.join(" ", values));
    }
    assertThat(at).isEqualTo(rows.rowsLength());
    return result;
  }

  /** All rows, page after page. */
  List<String> pages(String text, int rowsPerPage) {
    List<String> all = new ArrayList<>();
    pageSize = rowsPerPage;
    do {
      Response.Rows page = (Response.Rows) run(text);
      assertThat(page.rowCount()).isLessThanOrEqualTo(rowsPerPage);
      all.addAll(rows(page));
      pagingState = page.pagingState();
    } while (pagingState != null);
    pageSize = 0;
    return all;
  }
}
