<%@ page contentType="application/json; charset=UTF-8" trimDirectiveWhitespaces="true" %><%@ include file="WEB-INF/reader.jspf" %><%
  response.setHeader("Cache-Control", "no-store");
  try {
    Properties settings = settings();
    long users = query(settings, "SELECT COUNT(*) FROM users");
    long entries = entries(settings, false);
    out.print("{\"users\":" + users + ",\"ldapEntries\":" + entries + "}");
  } catch (Unreadable e) {
    response.setStatus(503);
    out.print("{\"error\":" + json(e.getMessage()) + "}");
  }
%>
