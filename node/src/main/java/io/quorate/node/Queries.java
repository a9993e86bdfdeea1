package io.quorate.node;

import io.quorate.cql.ClientState;
import io.quorate.cql.QueryProcessor;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Hands a connection's requests to the language. A request that is invalid under the metadata that
 * this node has may be valid under newer metadata that it has not heard of yet: a table made a
 * moment ago by way of another node. So before such a refusal is told, this node catches up with
 * the metadata ring, and when that brought something new, the request is tried once more.
 *
 * <p>Safe for concurrent use; a session is not.
 */
final class Queries {
  private static final long CATCH_UP_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Environment environment;
  private final RaftMetadataRing ring;
  private final QueryProcessor processor;

  Queries(Environment environment, RaftMetadataRing ring, QueryProcessor processor) {
    this.environment = environment;
    this.ring = ring;
    this.processor = processor;
  }

  /** For a new connection. */
  CqlServer.Processor.Session newSession() {
    return new ClientSession();
  }

  private final class ClientSession implements CqlServer.Processor.Session {
    private final ClientState client = new ClientState();

    @Override
    public void process(Request request, Consumer<Response> answer) {
      long epoch = ring.metadata().epoch();
      processor.process(
          request,
          client,
          response -> {
            if (response instanceof Response.Failure failure
                && failure.code() == ErrorCode.INVALID) {
              tryAgainWhenNewer(epoch, request, response, answer);
            } else {
              answer.accept(response);
            }
          });
    }

    private void tryAgainWhenNewer(
        long epoch, Request request, Response refusal, Consumer<Response> answer) {
      Shard shard = environment.shards().currentOrFirst();
      ring.catchUp(
          environment.clock().nanos() + CATCH_UP_NANOS,
          unreachable ->
              ring.whenSettled(() ->
                  shard.execute(() -> {
                    if (ring.metadata().epoch() > epoch) {
                      processor.process(request, client, answer);
                    } else {
                      answer.accept(refusal);
                    }
                  })));
    }
  }
}
