package io.quorate.tools.nodetool;

import io.quorate.tools.Amounts;
import io.quorate.tools.Json;
import io.quorate.tools.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What a node says of changes of ownership, as text for people. */
public final class OwnershipReports {
  private OwnershipReports() {}

  static String status(Json answer) {
    List<Json> transitions = answer.at("transitions").elements();
    if (transitions.isEmpty()) {
      return "no change of ownership is under way (metadata epoch " + answer.text("epoch") + ")\n";
    }
    return String.join("\n", transitions.stream().map(OwnershipReports::change).toList());
  }

  private static String change(Json transition) {
    Reports.Lines lines = new Reports.Lines();
    Json node = transition.at("node");
    lines.add(
        "Change " + transition.text("number"),
        transition.text("kind") + " of " + subjects(transition));
    lines.add("Host ID", node.text("host_id"));
    if (!transition.at("replaced").isNull()) {
      lines.add("In the place of", transition.at("replaced").text("address"));
    }
    lines.add("Step", transition.text("step") + ": " + meaning(transition));
    List<Json> awaited = transition.at("awaited").elements();
    lines.add("Awaited", awaited.isEmpty() ? "nobody" : addresses(awaited));
    TextTable table = new TextTable("Receiver", "Status", "Pieces", "Of", "Bytes", "Trouble");
    for (Json receiver : transition.at("receivers").elements()) {
      Json fetching = receiver.at("fetching");
      boolean known = !fetching.isNull();
      table.row(
          receiver.text("address"),
          receiver.text("status"),
          known ? fetching.text("done_pieces") : "?",
          known ? fetching.text("pieces") : "?",
          known ? Amounts.bytes(fetching.number("bytes")) : "?",
          fetching.text("trouble"));
    }
    return lines + (table.isEmpty() ? "" : "\n" + table) + advice(transition);
  }

  private static String subjects(Json transition) {
    List<String> texts = new ArrayList<>();
    texts.add(transition.at("node").text("address"));
    transition.at("others").elements().forEach(other -> texts.add(other.text("address")));
    return String.join(", ", texts);
  }

  private static String meaning(Json transition) {
    return switch (transition.text("step")) {
      case "WRITE_BOTH" -> "writes go to the owners before and after; those after fetch the rest";
      default -> "reads ask the owners after; it can only go on";
    };
  }

  private static String addresses(List<Json> nodes) {
    List<String> texts = new ArrayList<>();
    for (Json node : nodes) {
      texts.add(node.text("address") + (node.text("status").equals("UP") ? "" : " (DOWN)"));
    }
    return String.join(", ", texts);
  }

  private static String advice(Json transition) {
    boolean waits =
        transition.at("awaited").elements().stream().anyMatch(OwnershipReports::isDown)
            || transition.at("receivers").elements().stream().anyMatch(OwnershipReports::isDown);
    String number = transition.text("number");
    String otherwise =
        transition.text("step").equals("WRITE_BOTH")
            ? "cancel " + number + "', then 'nodetool removenode' with all that are dead"
            : "skip ADDRESS --change " + number + "'";
    return waits
        ? "\nwho is DOWN has to come back; if it never will:\n  'nodetool cluster "
            + otherwise
            + "\n"
        : "";
  }

  private static boolean isDown(Json node) {
    return !node.text("status").equals("UP");
  }

  static String netStats(Json answer) {
    Reports.Lines lines = new Reports.Lines();
    Json fetching = answer.at("fetching");
    lines.add("Mode", answer.text("state"));
    lines.add("Fetching", fetching.isNull() ? "nothing" : pieces(fetching));
    return lines.toString();
  }

  /** How far a change is, in one line. */
  static String line(Json transition) {
    String what =
        transition.text("kind") + " of " + subjects(transition) + ", " + transition.text("step");
    List<Json> awaited = transition.at("awaited").elements();
    if (!awaited.isEmpty()) {
      return what + ": waiting for " + addresses(awaited);
    }
    List<Json> receivers = transition.at("receivers").elements();
    return switch (receivers.size()) {
      case 0 -> what;
      case 1 ->
          what
              + ": "
              + Reports.host(receivers.getFirst().text("address"))
              + " "
              + pieces(receivers.getFirst().at("fetching"));
      default -> what + ": " + piecesOfAll(receivers);
    };
  }

  /** {@code 3 nodes, 24 of 96 pieces, 6.40 MiB}; each has a line of its own in the status. */
  private static String piecesOfAll(List<Json> receivers) {
    List<Json> known = receivers.stream().filter(node -> !node.at("fetching").isNull()).toList();
    if (known.isEmpty()) {
      return receivers.size() + " nodes fetch";
    }
    String who =
        (known.size() < receivers.size() ? known.size() + " of " : "")
            + receivers.size()
            + " nodes, ";
    String troubles =
        known.stream()
            .filter(node -> !node.at("fetching").at("trouble").isNull())
            .map(node ->
                "; "
                    + Reports.host(node.text("address"))
                    + ": "
                    + node.at("fetching").text("trouble"))
            .collect(Collectors.joining());
    return who
        + pieces(sum(known, "done_pieces"), sum(known, "pieces"), sum(known, "bytes"))
        + troubles;
  }

  private static long sum(List<Json> receivers, String what) {
    return receivers.stream().mapToLong(node -> node.at("fetching").number(what)).sum();
  }

  /** {@code 12 of 48 pieces, 3.20 MiB}. */
  public static String pieces(Json fetching) {
    return fetching.isNull()
        ? "fetches"
        : pieces(
                fetching.number("done_pieces"), fetching.number("pieces"), fetching.number("bytes"))
            + (fetching.at("trouble").isNull() ? "" : ", " + fetching.text("trouble"));
  }

  private static String pieces(long done, long all, long bytes) {
    return done + " of " + all + " pieces, " + Amounts.bytes(bytes);
  }

  static String plan(Json plan) {
    TextTable moves = new TextTable("Keyspace", "From", "To", "Ranges", "Of the ring", "Bytes");
    for (Json move : plan.at("moves").elements()) {
      moves.row(
          move.text("keyspace"),
          Reports.host(move.text("from")),
          Reports.host(move.text("to")),
          move.at("ranges").elements().size(),
          Amounts.percent(move.real("share")),
          "~" + Amounts.bytes(move.number("bytes")));
    }
    TextTable nodes = new TextTable("Node", "Owns", "After");
    for (Json node : plan.at("nodes").elements()) {
      nodes.row(
          Reports.host(node.text("address")),
          Amounts.percent(node.real("owns")),
          Amounts.percent(node.real("owns_after")));
    }
    String time =
        moves.isEmpty() || plan.at("seconds").isNull()
            ? ""
            : "at stream_throughput it takes about "
                + Amounts.duration(Math.max(1, plan.number("seconds")))
                + "\n";
    String waits =
        plan.at("waits_for").isNull() ? "" : "it waits for " + plan.text("waits_for") + "\n";
    StringBuilder alive = new StringBuilder();
    plan.at("alive")
        .elements()
        .forEach(node ->
            alive
                .append(Reports.host(node.text()))
                .append(" is alive: it has to be stopped first\n"));
    return alive + waits + (moves.isEmpty() ? "no rows move\n" : moves + time) + "\n" + nodes;
  }
}
