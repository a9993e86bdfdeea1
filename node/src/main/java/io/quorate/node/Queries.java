package io.quorate.node;

import io.quorate.cql.ClientState;
import io.quorate.cql.QueryProcessor;
import io.quorate.protocol.ErrorCode;
import io.quorate.protocol.ProtocolVersion;
import io.quorate.protocol.Request;
import io.quorate.protocol.Response;
import java.util.function.Consumer;

/** Hands a connection's requests to the language. Safe for concurrent use; a session is not. */
final class Queries {
  private final QueryProcessor processor;

  Queries(QueryProcessor processor) {
    this.processor = processor;
  }

  /** For a new connection. */
  CqlServer.Processor.Session newSession() {
    return new ClientSession();
  }

  private final class ClientSession implements CqlServer.Processor.Session {
    private final ClientState client = new ClientState();

    @Override
    public void process(ProtocolVersion version, Request request, Consumer<Response> answer) {
      switch (request) {
        case Request.Query query -> processor.query(query, client, answer);
        case Request.Execute execute -> processor.execute(execute, client, answer);
        case Request.Prepare prepare -> processor.prepare(prepare, client, answer);
        case Request.Batch batch -> processor.batch(batch, client, answer);
        case Request.AuthResponse response ->
            answer.accept(
                new Response.Failure(
                    ErrorCode.PROTOCOL_ERROR, "AUTH_RESPONSE without an AUTHENTICATE before it"));
        case Request.Startup startup -> throw new IllegalStateException("the connection's own");
        case Request.Options options -> throw new IllegalStateException("the connection's own");
        case Request.Register register -> throw new IllegalStateException("the connection's own");
      }
    }
  }
}
