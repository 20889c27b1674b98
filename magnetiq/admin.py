"""Users and groups, in the look of all other pages."""

from django.contrib import admin
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

# Their pages would show the keys.
admin.site.unregister(TOTPDevice)
admin.site.unregister(StaticDevice)
