package io.quorate.tools.nodetool;

import io.quorate.tools.AdminClient;
import io.quorate.tools.CommandFailed;
import io.quorate.tools.Json;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Watches changes of ownership. Each new owner alone knows how much it has fetched, so each is
 * asked at its own address, and the admin port of the first.
 */
final class TransitionWatch {
  private static final long PAUSE_MILLIS = 500;
  private static final int ANSWER_MILLIS = 2_000;

  private final AdminClient node;
  private final int adminPort;
  private final PrintWriter progress;

  TransitionWatch(AdminClient node, int adminPort, PrintWriter progress) {
    this.node = node;
    this.adminPort = adminPort;
    this.progress = progress;
  }

  /** The changes under way as the node knows them, with what each new owner says of itself. */
  Json look() {
    Map<String, @Nullable Object> answer = fields(node.json("/v1/transition"));
    List<Object> transitions = new ArrayList<>();
    for (Json transition : new Json(answer.get("transitions")).elements()) {
      List<Object> receivers = new ArrayList<>();
      for (Json receiver : transition.at("receivers").elements()) {
        Map<String, @Nullable Object> entry = fields(receiver);
        entry.put(
            "fetching",
            fetching(Reports.host(receiver.text("address")), transition.number("number")));
        receivers.add(entry);
      }
      Map<String, @Nullable Object> whole = fields(transition);
      whole.put("receivers", receivers);
      transitions.add(whole);
    }
    answer.put("transitions", transitions);
    return new Json(answer);
  }

  private static Map<String, @Nullable Object> fields(Json object) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    object.fields().forEach((name, field) -> fields.put(name, field.value()));
    return fields;
  }

  /** What a new owner has fetched for a change; null when it does not say. */
  private @Nullable Object fetching(String host, long number) {
    try {
      Json theirs =
          of(new AdminClient(host, adminPort, ANSWER_MILLIS).json("/v1/transition"), number);
      return theirs == null ? null : theirs.at("fetching").value();
    } catch (CommandFailed unknown) {
      return null;
    }
  }

  /** A change under way by its number; null when it is over. */
  static @Nullable Json of(Json answer, long number) {
    for (Json transition : answer.at("transitions").elements()) {
      if (transition.number("number") == number) {
        return transition;
      }
    }
    return null;
  }

  /**
   * Waits until a change that has begun is over, and says each step on the way.
   *
   * @param begun what the node answered when it began
   * @throws CommandFailed when it was cancelled
   */
  Json untilOver(Json begun) {
    Json transition = begun.at("begun");
    if (transition.isNull()) {
      return look(); // it was over before it was looked at
    }
    long number = transition.number("number");
    String hostId = transition.at("node").text("host_id");
    String told = "";
    while (true) {
      Json now = look();
      Json current = of(now, number);
      String state = now.text("state");
      if (current == null) {
        boolean isDone =
            transition.text("kind").equals("MOVE")
                ? hasMoved(node.json("/v1/status"), transition.at("node"))
                : !isMember(hostId);
        if (state.equals("NORMAL") && !isDone) {
          throw new CommandFailed("it was cancelled: nothing has changed");
        }
        if (!state.equals("NORMAL") && !state.equals("DECOMMISSIONED")) {
          pause(); // it drains
          continue;
        }
        return now;
      }
      String line = OwnershipReports.line(current);
      if (!line.equals(told)) {
        told = line;
        progress.println(line);
        progress.flush();
      }
      pause();
    }
  }

  /** Whether a node is where it was to go: it is of the cluster before and after. */
  static boolean hasMoved(Json status, Json moved) {
    return status.at("nodes").elements().stream()
        .anyMatch(member ->
            member.text("host_id").equals(moved.text("host_id"))
                && member.text("rack").equals(moved.text("rack"))
                && member.number("tokens") == moved.number("tokens"));
  }

  private boolean isMember(String hostId) {
    return node.json("/v1/status").at("nodes").elements().stream()
        .anyMatch(member -> member.text("host_id").equals(hostId));
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CommandFailed("interrupted; it goes on, see 'nodetool cluster status'");
    }
  }
}
