package io.quorate.node;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Network;
import io.quorate.environment.Network.Connection;
import io.quorate.environment.Network.Handler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Administration over HTTP and JSON. Netty's HTTP codec runs in an embedded channel, so that the
 * bytes come and go by the environment's network and not by a socket of its own.
 */
final class AdminServer {
  private static final int MAX_REQUEST_BYTES = 1 << 20;

  private final Map<String, Route> routes = new TreeMap<>();

  /** Does what a path stands for. Called on a shard; replies once, from that shard. */
  interface Route {
    void handle(Request request, Consumer<Reply> reply);
  }

  /** What was asked. */
  record Request(Map<String, List<String>> parameters) {
    /** A parameter's value; null when it is not given. */
    @Nullable String parameter(String name) {
      List<String> values = parameters.get(name);
      return values == null || values.isEmpty() ? null : values.getFirst();
    }
  }

  /** What is answered. */
  record Reply(int status, String contentType, String body) {
    static Reply text(int status, String body) {
      return new Reply(status, "text/plain; charset=utf-8", body);
    }

    static Reply json(String body) {
      return new Reply(200, "application/json", body);
    }

    static Reply error(int status, String message) {
      return text(status, message + "\n");
    }
  }

  /**
   * What {@code GET path} answers. A path that ends in {@code *} stands for all with one more part,
   * which the route is given as parameter {@code id}.
   */
  void get(String path, Route route) {
    routes.put("GET " + path, route);
  }

  /** What {@code POST path} does. */
  void post(String path, Route route) {
    routes.put("POST " + path, route);
  }

  Network.Listener listen(Network network, Endpoint endpoint) throws IOException {
    return network.listen(endpoint, HttpConnection::new);
  }

  private void handle(FullHttpRequest request, Consumer<Reply> reply) {
    if (!request.decoderResult().isSuccess()) {
      reply.accept(Reply.error(400, "not an HTTP request"));
      return;
    }
    QueryStringDecoder query = new QueryStringDecoder(request.uri());
    try {
      handle(request, query, reply);
    } catch (IllegalArgumentException e) {
      // Also an address with a broken %-escape, which is decoded when it is asked for.
      reply.accept(Reply.error(400, String.valueOf(e.getMessage())));
    }
  }

  private void handle(FullHttpRequest request, QueryStringDecoder query, Consumer<Reply> reply) {
    Route route = routes.get(request.method() + " " + query.path());
    if (route == null) {
      int parent = query.path().lastIndexOf('/') + 1;
      Route one = routes.get(request.method() + " " + query.path().substring(0, parent) + "*");
      if (one != null) {
        one.handle(new Request(Map.of("id", List.of(query.path().substring(parent)))), reply);
        return;
      }
      HttpMethod other = request.method().equals(HttpMethod.GET) ? HttpMethod.POST : HttpMethod.GET;
      boolean exists = routes.containsKey(other + " " + query.path());
      reply.accept(
          exists
              ? Reply.error(405, query.path() + " takes " + other)
              : Reply.error(404, "there is no " + query.path()));
      return;
    }
    route.handle(new Request(query.parameters()), reply);
  }

  /** One connection. Belongs to its shard. Requests are answered one after the other. */
  private final class HttpConnection implements Handler {
    private final Connection connection;
    private final EmbeddedChannel codec =
        new EmbeddedChannel(new HttpServerCodec(), new HttpObjectAggregator(MAX_REQUEST_BYTES));
    private boolean closed;

    HttpConnection(Connection connection) {
      this.connection = connection;
    }

    @Override
    public void received(ByteBuf bytes) {
      if (closed || !codec.isOpen()) {
        return;
      }
      codec.writeInbound(bytes.retain());
      flush();
      if (!codec.isOpen()) {
        // The codec refused a body that is too large, and will not take the rest of it.
        connection.close();
        return;
      }
      FullHttpRequest request;
      while ((request = codec.readInbound()) != null) {
        boolean keepAlive = HttpUtil.isKeepAlive(request);
        try {
          handle(request, reply -> send(reply, keepAlive));
        } finally {
          request.release();
        }
      }
    }

    private void send(Reply reply, boolean keepAlive) {
      if (closed) {
        return;
      }
      ByteBuf body = Unpooled.copiedBuffer(reply.body(), StandardCharsets.UTF_8);
      FullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(reply.status()), body);
      response.headers().set(HttpHeaderNames.CONTENT_TYPE, reply.contentType());
      HttpUtil.setContentLength(response, body.readableBytes());
      HttpUtil.setKeepAlive(response, keepAlive);
      codec.writeOutbound(response);
      flush();
      if (!keepAlive) {
        connection.close();
      }
    }

    private void flush() {
      ByteBuf out;
      while ((out = codec.readOutbound()) != null) {
        connection.write(out);
      }
    }

    @Override
    public void closed() {
      closed = true;
      codec.finishAndReleaseAll();
    }
  }
}
