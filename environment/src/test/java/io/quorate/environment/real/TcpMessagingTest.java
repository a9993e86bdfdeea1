package io.quorate.environment.real;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.quorate.environment.Endpoint;
import io.quorate.environment.Environment;
import io.quorate.environment.Messaging.Identity;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Without whole messages between nodes, no write has a second copy. */
class TcpMessagingTest {
  private static final byte ANSWER = 1;
  private static final byte UNASKED = 2;

  private final List<RealEnvironment> started = new ArrayList<>();
  private final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

  @AfterEach
  void stop() {
    started.forEach(RealEnvironment::close);
    assertThat(failures).isEmpty();
  }

  @Test
  void messagesOfEverySizeArriveWholeAndInOrder() throws Exception {
    BlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>();
    Endpoint a = start("c", new LinkedBlockingQueue<>());
    Environment sender = started.getFirst().environment();
    Endpoint b = start("c", arrived);
    assertThat(a).isNotEqualTo(b);
    int[] sizes = {0, 1, 100, 65_536, 3_000_000};
    sender
        .shards()
        .get(0)
        .execute(() -> {
          for (int size : sizes) {
            sender.messaging().send(b, Unpooled.wrappedBuffer(pattern(size)));
          }
        });
    for (int size : sizes) {
      assertThat(arrived.poll(10, TimeUnit.SECONDS)).isEqualTo(pattern(size));
    }
  }

  /** A node that was away asks as soon as it is there, and nobody else knows yet that it is. */
  @Test
  void whoWasAwayIsAnsweredAtOnceByEachShard() throws Exception {
    RealEnvironment answering = new RealEnvironment(2, failures::add);
    started.add(answering);
    Environment environment = answering.environment();
    Endpoint answers = freeEndpoint();
    environment
        .messaging()
        .start(
            new Identity("c", answers, answers),
            (from, message) -> sendFromEachShard(environment, from, ANSWER));
    Endpoint asking = freeEndpoint();
    for (int i = 0; i < 150; i++) { // tried in vain for so long, a shard waits a second
      sendFromEachShard(environment, asking, UNASKED);
      Thread.sleep(10);
    }
    assertThat(environment.messaging().dropped()).isGreaterThan(200);

    BlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>();
    Environment returned = start("c", asking, arrived);
    returned
        .shards()
        .get(0)
        .execute(() -> returned.messaging().send(answers, Unpooled.wrappedBuffer(pattern(5))));
    int answered = 0;
    while (answered < 2) {
      byte[] message = arrived.poll(10, TimeUnit.SECONDS);
      assertThat(message).as("an answer beside the %d that came", answered).isNotNull();
      answered += message[0] == ANSWER ? 1 : 0;
    }
  }

  private static void sendFromEachShard(Environment environment, Endpoint to, byte what) {
    for (int i = 0; i < environment.shards().count(); i++) {
      environment
          .shards()
          .get(i)
          .execute(
              () -> environment.messaging().send(to, Unpooled.wrappedBuffer(new byte[] {what})));
    }
  }

  @Test
  void garbageOnThePortClosesThatConnectionOnly() throws Exception {
    BlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>();
    Endpoint b = start("c", arrived);
    for (byte[] garbage :
        List.of(
            "GET / HTTP/1.1\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.UTF_8),
            ByteBufUtil.decodeHexDump("5152544e09aabbccddeeff00"),
            hugeFrameAfterHello())) {
      try (Socket socket = new Socket(b.host(), b.port())) {
        socket.getOutputStream().write(garbage);
        socket.setSoTimeout(5_000);
        assertThat(socket.getInputStream().read()).isEqualTo(-1);
      }
    }
    assertThat(arrived).isEmpty();
    start("c", new LinkedBlockingQueue<>());
    Environment sender = started.getLast().environment();
    sender
        .shards()
        .get(0)
        .execute(() -> sender.messaging().send(b, Unpooled.wrappedBuffer(pattern(5))));
    assertThat(arrived.poll(10, TimeUnit.SECONDS)).isEqualTo(pattern(5));
  }

  @Test
  void aNodeOfAnotherClusterIsNotHeard() throws Exception {
    BlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>();
    Endpoint b = start("mine", arrived);
    start("other", new LinkedBlockingQueue<>());
    Environment sender = started.getLast().environment();
    sender
        .shards()
        .get(0)
        .execute(() -> sender.messaging().send(b, Unpooled.wrappedBuffer(pattern(5))));
    assertThat(arrived.poll(500, TimeUnit.MILLISECONDS)).isNull();
  }

  @Test
  void aPortInUseIsOneClearError() throws Exception {
    Endpoint taken = start("c", new LinkedBlockingQueue<>());
    RealEnvironment second = new RealEnvironment(1, failures::add);
    started.add(second);
    assertThatThrownBy(() ->
            second
                .environment()
                .messaging()
                .start(new Identity("c", taken, taken), (from, message) -> {}))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot listen on " + taken);
  }

  private static byte[] hugeFrameAfterHello() {
    ByteBuf out = MessageFrames.hello(new Identity("c", here(1), here(1)));
    out.writeInt(Integer.MAX_VALUE).writeInt(0).writeLong(0);
    return ByteBufUtil.getBytes(out);
  }

  private Endpoint start(String cluster, BlockingQueue<byte[]> arrived) throws IOException {
    Endpoint endpoint = freeEndpoint();
    start(cluster, endpoint, arrived);
    return endpoint;
  }

  private Environment start(String cluster, Endpoint endpoint, BlockingQueue<byte[]> arrived)
      throws IOException {
    RealEnvironment environment = new RealEnvironment(2, failures::add);
    started.add(environment);
    environment
        .environment()
        .messaging()
        .start(
            new Identity(cluster, endpoint, endpoint),
            (from, message) -> arrived.add(ByteBufUtil.getBytes(message)));
    return environment.environment();
  }

  private static Endpoint freeEndpoint() throws IOException {
    try (ServerSocket free = new ServerSocket(0)) {
      return here(free.getLocalPort());
    }
  }

  private static Endpoint here(int port) {
    return new Endpoint("127.0.0.1", port);
  }

  private static byte[] pattern(int size) {
    byte[] bytes = new byte[size];
    for (int i = 0; i < size; i++) {
      bytes[i] = (byte) (i * 31);
    }
    return bytes;
  }
}
