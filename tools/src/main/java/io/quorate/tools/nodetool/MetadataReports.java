package io.quorate.tools.nodetool;

import io.quorate.tools.Json;
import io.quorate.tools.TextTable;
import io.quorate.tools.nodetool.Reports.Lines;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The metadata ring, as text for people. */
final class MetadataReports {
  private MetadataReports() {}

  static String raft(Json raft) {
    Lines lines = new Lines();
    String leader = raft.text("leader");
    lines.add("This node", raft.text("self") + ", " + raft.text("role"));
    lines.add("Leader", leader.isEmpty() ? "none" : leader);
    if (!raft.text("ring").isEmpty() && !raft.text("ring").equals("ring 0")) {
      lines.add("Ring", raft.text("ring").replace("ring ", "") + ", begun by 'metadata recover'");
    }
    lines.add("Term", raft.text("term") + ", " + raft.text("leader_changes") + " leader changes");
    lines.add(
        "Log",
        String.format(
            Locale.ROOT,
            "last %d, committed %d, applied %d, snapshot %d",
            raft.number("last_index"),
            raft.number("commit_index"),
            raft.number("applied_index"),
            raft.number("snapshot_index")));
    lines.add("Voters", peers(raft.at("voters")));
    if (!raft.at("outgoing_voters").elements().isEmpty()) {
      lines.add("Outgoing voters", peers(raft.at("outgoing_voters")));
    }
    raft.at("warnings").elements().forEach(warning -> lines.add("Warning", warning.text()));
    if (!raft.at("failure").isNull()) {
      lines.add("Failure", raft.text("failure"));
    }
    boolean leads = raft.text("self").equals(leader);
    TextTable members =
        leads
            ? new TextTable("Member", "Kind", "Datacenter", "Rack", "Status", "Match", "Lag")
            : new TextTable("Member", "Kind", "Datacenter", "Rack", "Status");
    for (Json member : raft.at("members").elements()) {
      String kind = member.text("kind") + (member.bool("witness") ? " (witness)" : "");
      if (leads) {
        boolean follows = !member.at("match_index").isNull();
        members.row(
            member.text("peer"),
            kind,
            member.text("datacenter"),
            member.text("rack"),
            member.text("status"),
            follows ? member.text("match_index") : "-",
            follows ? member.text("lag") : "-");
      } else {
        members.row(
            member.text("peer"),
            kind,
            member.text("datacenter"),
            member.text("rack"),
            member.text("status"));
      }
    }
    String hint =
        leads || leader.isEmpty() ? "" : "the leader, " + leader + ", knows each one's lag\n";
    return lines + (members.isEmpty() ? "" : "\n" + members) + hint;
  }

  /** What every node that answered knows, and what follows from it. */
  static String status(Json status) {
    TextTable members =
        new TextTable("Member", "Ring", "Term", "Leader", "Committed", "Last", "Leaderless");
    for (Json member : status.at("members").elements()) {
      String leader = member.text("leader");
      members.row(
          member.text("peer"),
          member.text("ring").replace("ring ", ""),
          member.number("term"),
          leader.isEmpty() ? "none" : leader,
          member.number("commit_index"),
          member.number("last_index"),
          leader.isEmpty() ? member.number("leaderless_ms") / 1_000 + " s" : "");
    }
    Lines lines = new Lines();
    lines.add("Ring", status.text("ring").replace("ring ", ""));
    if (!status.at("silent").elements().isEmpty()) {
      lines.add("No answer from", peers(status.at("silent")));
    }
    status.at("members").elements().stream()
        .filter(member -> !member.at("failure").isNull())
        .forEach(member ->
            lines.add("Out of the ring", member.text("peer") + ": " + member.text("failure")));
    status.at("members").elements().stream()
        .filter(member -> member.bool("withholds_vote"))
        .forEach(member -> lines.add("Without a vote", member.text("peer")));
    lines.add(
        "Majority",
        status.bool("majority_lost")
            ? "LOST; 'nodetool metadata recover' says what can be done"
            : "not lost: " + status.text("because"));
    return lines + "\n" + members;
  }

  /** What giving the ring up would mean. */
  static String wouldRecover(Json status) {
    StringBuilder out = new StringBuilder(status(status));
    out.append("\nThe majority of the voters does not answer: ")
        .append(peers(status.at("lost_voters")))
        .append(".\nIf they come back, wait for them: nothing is lost then. If they never will:\n");
    out.append("- the next ring begins at ")
        .append(status.text("founder"))
        .append(", which has all that is known to be committed (up to ")
        .append(status.text("certain_index"))
        .append(");\n");
    long uncertain = status.number("uncertain_entries");
    if (uncertain > 0) {
      out.append("- ")
          .append(uncertain)
          .append(
              " changes behind that, of which nobody knows whether they were committed, stay;\n");
    }
    status
        .at("dropped_entries")
        .fields()
        .forEach((peer, entries) ->
            out.append("- ")
                .append(entries.text())
                .append(" that only ")
                .append(peer)
                .append(" has are lost;\n"));
    return out.append("- changes that only the lost voters had are lost, and nobody knows which;\n")
        .append("- the lost voters are refused for good, with the rows that only they have:\n")
        .append("  remove or replace them afterwards.\n")
        .append("To do it: nodetool metadata recover --yes\n")
        .toString();
  }

  static String recovered(Json answer) {
    List<Json> followers = answer.at("followers").elements();
    return "the next ring has begun at "
        + answer.text("founder")
        + (followers.isEmpty() ? "" : ", followed by " + peers(answer.at("followers")))
        + "\nremove or replace the nodes that are lost: "
        + peers(answer.at("lost_voters"))
        + "\n";
  }

  private static String peers(Json peers) {
    return peers.elements().stream().map(Json::text).collect(Collectors.joining(" "));
  }
}
