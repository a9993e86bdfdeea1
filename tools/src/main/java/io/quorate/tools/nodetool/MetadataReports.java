package io.quorate.tools.nodetool;

import io.quorate.tools.Json;
import io.quorate.tools.TextTable;
import io.quorate.tools.nodetool.Reports.Lines;
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

  private static String peers(Json peers) {
    return peers.elements().stream().map(Json::text).collect(Collectors.joining(" "));
  }
}
