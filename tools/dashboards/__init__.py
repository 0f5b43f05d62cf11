"""Kasugai's Grafana dashboards as panels and queries; ../draw_dashboard.py writes them to deploy/grafana."""
