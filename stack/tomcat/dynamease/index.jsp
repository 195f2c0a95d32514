<%@ page contentType="text/html; charset=UTF-8" trimDirectiveWhitespaces="true" %><%@ include file="WEB-INF/reader.jspf" %><%
  if ("json".equals(request.getParameter("format"))) {
    request.getRequestDispatcher("/counts.jsp").forward(request, response);
    return;
  }
  String text;
  try {
    Properties settings = settings();
    text = query(settings, "SELECT COUNT(*) FROM users") + " users in MySQL, " + entries(settings, false) + " entries in LDAP.";
  } catch (Unreadable e) {
    response.setStatus(503);
    text = e.getMessage();
  }
%><!DOCTYPE html>
<html lang="en">
<head><title>Dynamease</title></head>
<body>
<h1>Dynamease</h1>
<p><%= text %></p>
<p>As JSON: <a href="counts.jsp">counts.jsp</a></p>
</body>
</html>
