<%@ page contentType="text/html; charset=UTF-8" trimDirectiveWhitespaces="true" %><%@ include file="WEB-INF/reader.jspf" %><%
  if ("json".equals(request.getParameter("format"))) {
    request.getRequestDispatcher("/counts.jsp").forward(request, response);
    return;
  }
  String text;
  try {
    text = query("SELECT COUNT(*) FROM installation") + " installations.";
  } catch (Unreadable e) {
    response.setStatus(503);
    text = e.getMessage();
  }
%><!DOCTYPE html>
<html lang="en">
<head><title>Stand-in for AeroGear UnifiedPush Server</title></head>
<body>
<h1>Stand-in for AeroGear UnifiedPush Server</h1>
<p><%= text %></p>
<p>This is not the push server. It reads the push server's database and sends no messages.</p>
<p>As JSON: <a href="counts.jsp">counts.jsp</a></p>
</body>
</html>
