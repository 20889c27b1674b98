"""What the stand-ins of outside systems have alike: a server on loopback, faults on request, records, pages.

Each stand-in lives in its integration's folder and knows nothing of our client.
"""
